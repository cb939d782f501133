"""Tasks of lm-eval 0.4.13 on local JSON lines, whose shots are the first rows of a file."""

from pathlib import Path

import lm_eval.tasks
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks._yaml_loader import load_yaml

FILES = {
    "hellaswag": "hellaswag/hellaswag.yaml",
    "arc_easy": "arc/arc_easy.yaml",
    "arc_challenge": "arc/arc_challenge.yaml",
    "piqa": "piqa/piqa.yaml",
    "openbookqa": "openbookqa/openbookqa.yaml",
    "boolq": "super_glue/boolq/default.yaml",
    "winogrande": "winogrande/default.yaml",
    "lambada_openai": "lambada/lambada_openai.yaml",
    "lambada_standard": "lambada/lambada_standard.yaml",
}


def local_task(name, rows, shots=None, few_shot=0):
    """name: of a task, or mmlu_SUBJECT. rows, shots: files; if both are one, a row is not shown before itself."""
    file = FILES.get(name, f"mmlu/default/{name}.yaml")
    config = load_yaml(Path(lm_eval.tasks.__file__).parent / file)
    files = {"test": str(rows)}
    shot_split = "test"
    if shots is not None and Path(shots) != Path(rows):
        files["shots"] = str(shots)
        shot_split = "shots"
    config.update(dataset_path="json", dataset_name=None, dataset_kwargs={"data_files": files}, test_split="test",
                  training_split=None, validation_split=None, fewshot_split=shot_split,
                  fewshot_config={"sampler": "first_n"}, num_fewshot=few_shot)
    if config.get("process_docs") is not None:
        config["fewshot_config"]["process_docs"] = config["process_docs"]
    metrics = [metric["metric"] for metric in config["metric_list"]]
    if "acc_norm" in metrics:
        config["metric_list"].append({"metric": "acc_bytes", "aggregation": "mean", "higher_is_better": True})
    return ConfigurableTask(config=config)
