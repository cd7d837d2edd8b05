"""Training as compiled loops that give the same bytes on every machine.

Only + − × ÷ and square roots, which IEEE 754 defines to the last bit, exact operations on bits and integers, and comparisons; every sum in
a fixed order (`chunks`). No library function, no matrix product, no `fastmath`, no threads, no powers (`**` is the C library's).
`elementary` has the functions that training needs beyond that.
"""
