"""A placement policy of your own: on the busiest node that has room, and a share of a device beside other shares."""

import mlplat as mp


def busiest(node, request):
    """The highest score wins: what is in use of the devices, and then of the cores."""
    return node.devices * 1000 - node.free_gpu_milli + (node.cpu_milli - node.free_cpu_milli) / 1e9


if __name__ == "__main__":
    trace = mp.traces.synthetic(20_000, gpus=768, load=1.1, seed=1)
    mine = mp.replay(mp.ClusterSpec.parse("96x8xV100"), trace, placement=mp.CompiledPlacement(busiest))
    print(mine.placement, "waits on average", round(mine.summary()["wait_mean_s"]), "s")
