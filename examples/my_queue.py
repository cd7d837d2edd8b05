"""A queue policy of your own: short and small jobs first, but every hour of waiting makes up for some accelerator hours."""

import mlplat as mp


def ageing(job):
    """The lowest key is next; ties by submission. The key of a job never changes, and yet who has waited long comes forward."""
    return job.submit_s + 0.25 * job.estimate_s * max(job.all_gpu_milli, 1000) / 1000


if __name__ == "__main__":
    spec, trace = mp.ClusterSpec.parse("96x8xV100"), mp.traces.synthetic(20_000, gpus=768, load=1.1, seed=1)
    for queue in ("fifo", mp.CompiledQueue(ageing), mp.CompiledQueue(ageing, blocks=False)):
        print(f"{(result := mp.replay(spec, trace, queue=queue)).queue}: mean wait {result.summary()['wait_mean_s']:,.0f} s")
