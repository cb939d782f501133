"""datatrove_minhash.py INPUT-FOLDER WORK-FOLDER: datatrove's four stages with 25 bands of 5 rows over word 5-grams, one process."""

import sys

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.hashing import HashConfig
from datatrove.utils.typeshelper import Languages


def run(name, work, tasks, *steps):
    LocalPipelineExecutor(pipeline=list(steps), tasks=tasks, workers=1, logging_dir=f"{work}/logs/{name}").run()


def main():
    source, work = sys.argv[1:]
    config = MinhashConfig(n_grams=5, num_buckets=25, hashes_per_bucket=5, hash_config=HashConfig(precision=64))
    run("signatures", work, 1, JsonlReader(source),
        MinhashDedupSignature(f"{work}/signatures", config=config, language=Languages.english))
    run("buckets", work, 25, MinhashDedupBuckets(f"{work}/signatures", f"{work}/buckets", config=config))
    run("cluster", work, 1, MinhashDedupCluster(f"{work}/buckets", f"{work}/remove", config=config))
    run("filter", work, 1, JsonlReader(source), MinhashDedupFilter(f"{work}/remove"),
        JsonlWriter(f"{work}/kept", compression=None))


if __name__ == "__main__":
    main()
