"""The Network Manager: a virtual network within the cluster, joined to networks outside, in which workloads are addressable."""
