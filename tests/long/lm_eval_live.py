"""lm_eval_live.py SWITCHYARD RUN FOLDER: compares `switchyard score RUN` with lm-eval's `hf` on the model that was exported to FOLDER, in
float32 with batches of one, on rows that are made up here: each log-probability, and each figure. Then the same through
examples/lm-eval/switchyard_lm.py, and whole texts."""

import json
import random
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "lm-eval"))

from lm_eval.api.instance import Instance
from lm_eval.evaluator import evaluate
from lm_eval.models.huggingface import HFLM

from lm_eval_tasks import local_task
from switchyard_lm import Switchyard

program, run, folder = sys.argv[1:]
random.seed(3)
WORDS = "red quiet seven lamp over river the a of under stone green early bird that window".split()


def words(count):
    return " ".join(random.choice(WORDS) for _ in range(count))


def answers(count):
    return [words(random.randint(1, 6)) for _ in range(count)]


def labelled(letters):
    return {"choices": {"text": answers(4), "label": list("ABCD")}, "answerKey": random.choice(letters)}


MAKERS = {
    "hellaswag": lambda: {"activity_label": words(2), "ctx_a": words(12).capitalize() + ".", "ctx_b": words(3).capitalize(),
                          "endings": answers(4), "label": str(random.randrange(4))},
    "arc_easy": lambda: {"question": words(9) + "?", **labelled("ABCD")},
    "arc_challenge": lambda: {"question": words(15) + "?", **labelled("ABCD")},
    "piqa": lambda: {"goal": words(8), "sol1": words(5), "sol2": words(7), "label": random.randrange(2)},
    "openbookqa": lambda: {"question_stem": words(6), **labelled("ABCD")},
    "boolq": lambda: {"passage": words(40), "question": words(5), "label": random.randrange(2)},
    "winogrande": lambda: {"sentence": words(6) + " _ " + words(4) + ".", "option1": words(1), "option2": words(2),
                           "answer": random.choice("12")},
    "lambada_openai": lambda: {"text": "Note 7: " + words(30)},
    "lambada_standard": lambda: {"text": words(120)},
    "mmlu": lambda: {"question": words(10) + "?", "choices": answers(4), "answer": random.randrange(4), "subject": "astronomy"},
}
ROWS, SHOTS, FEW = 24, 4, 2
for name, make in MAKERS.items():
    for kind, count in (("rows", ROWS), ("shots", SHOTS)):
        Path(f"{name}.{kind}.jsonl").write_text("".join(json.dumps(make()) + "\n" for _ in range(count)))


def ours(few_shot):
    command = [program, "score", run, "--json", "--samples", "samples.jsonl", "--few-shot", str(few_shot)]
    for name in MAKERS:
        command += ["--task", f"{name}={name}.rows.jsonl"]
        command += ["--shots", f"{name}={name}.shots.jsonl"] if few_shot else []
    figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["tasks"]
    samples = {}
    for line in Path("samples.jsonl").read_text().splitlines():
        sample = json.loads(line)
        samples.setdefault(sample["task"], []).append(list(zip(sample["logprobs"], sample["greedy"])))
    return figures, samples


def theirs(model, name, few_shot):
    """Figures, and the answers by row and request."""
    asked = {}
    answer = model.loglikelihood

    def remembered(requests, **options):
        found = answer(requests, **options)
        for request, one in zip(requests, found):
            asked.setdefault(request.doc_id, {})[request.idx] = one
        return found

    model.loglikelihood = remembered
    task = local_task(name, f"{name.replace('_astronomy', '')}.rows.jsonl", f"{name.replace('_astronomy', '')}.shots.jsonl", few_shot)
    found = evaluate(model, {"tasks": {name: task}, "groups": {}, "group_map": {}}, bootstrap_iters=100, log_samples=False)
    model.loglikelihood = answer
    figures = {key.partition(",")[0]: value for key, value in found["results"][name].items() if key.endswith(",none")}
    return figures, [[one for _, one in sorted(asked[i].items())] for i in range(ROWS)]


hub = HFLM(pretrained=folder, dtype="float32", batch_size=1, device="cpu")
shim = Switchyard(run=run, program=program)
largest, close = 0.0, 0
for few_shot in (0, FEW):
    figures, samples = ours(few_shot)
    for short in MAKERS:
        name = "mmlu_astronomy" if short == "mmlu" else short
        their_figures, their_answers = theirs(hub, name, few_shot)
        for row, (mine, other) in enumerate(zip(samples[name], their_answers, strict=True)):
            for (logprob, greedy), (their_logprob, their_greedy) in zip(mine, other, strict=True):
                largest = max(largest, abs(logprob - their_logprob) / max(1.0, abs(their_logprob)))
                assert abs(logprob - their_logprob) <= 1e-4 * max(1.0, abs(their_logprob)), (name, row, logprob, their_logprob)
                assert greedy == their_greedy, (name, row)
        shim_figures, _ = theirs(shim, name, few_shot)
        for key, value in their_figures.items():
            if key.startswith("perplexity_"):
                continue  # drawn
            assert abs(figures[name][key] - value) <= 1e-4 * abs(value) + 1e-12, (name, key, figures[name][key], value)
            assert abs(shim_figures[key] - value) <= 1e-4 * abs(value) + 1e-12, (name, key, shim_figures[key], value)
            close += 1

texts = [Instance("loglikelihood_rolling", {}, (words(count),), 0) for count in (1, 30, 300)]
hub = HFLM(pretrained=folder, dtype="float32", batch_size=1, device="cpu", add_bos_token=False)
for mine, other in zip(shim.loglikelihood_rolling(texts), hub.loglikelihood_rolling(texts), strict=True):
    assert abs(mine - other) <= 1e-4 * abs(other), (mine, other)
print(f"{folder}: {close} figures equal, log-probabilities within {largest:.1e} of their size, 3 whole texts")
