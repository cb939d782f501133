"""lm_eval_goldens.py FILE: writes what lm-eval asks of a model for a few rows of each task, and what it makes of answers that are made
up: tests/launch/score/goldens.json. The rows were written for this test, with what is odd in those of the benchmarks."""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import lm_eval
from lm_eval.api.metrics import aggregate_subtask_metrics, pooled_sample_stderr
from lm_eval.api.model import LM
from lm_eval.evaluator import evaluate

from lm_eval_tasks import local_task


def choices(texts, labels="ABCDE"):
    return {"text": texts, "label": list(labels[: len(texts)])}


ROWS = {
    "hellaswag": [
        {"activity_label": "Baking bread", "ctx_a": "A man kneads dough on a table.", "ctx_b": "he", "label": "2",
         "endings": ["eats the table.", "throws it at the moon.", "puts it into an oven.", "becomes  bread himself."]},
        {"activity_label": "Home and Garden", "ctx_a": "[header] How to water plants [title] Take a can. [step] Fill it.",
         "ctx_b": "then WALK to Their pots", "label": "0",
         "endings": ["[substeps] Pour slowly. [title] Stop in time.", "Sing [a song\nof] water.", "  Wait.  ", "Run [now] ]away."]},
        {"activity_label": " Caf\u00e9\u00a0life", "ctx_a": "\u00c9mile  drinks   tea.", "ctx_b": "\u00dfe \u00c0 la \u039f\u0394\u039f\u03a3 \u0130x",
         "label": "1", "endings": ["\U0001f375 is empty\u2003", "\u4ed6\u559d\u8336\u3002", "\u00e9", "No one [knows] why\x1f"]},
        {"activity_label": "Chess", "ctx_a": "She moves a pawn.", "ctx_b": "", "label": "3",
         "endings": ["The pawn sleeps", "[]", "[unclosed bracket", "Her opponent answers"]},
        {"activity_label": "Rowing", "ctx_a": "Four people sit in a boat [title]", "ctx_b": "\ufb01nally they row", "label": "0",
         "endings": ["to the  shore", "to  the   shore", "home", "home again"]},
    ],
    "arc_easy": [
        {"id": "1", "question": "What falls from clouds?", "choices": choices(["rain", "stones", "cats", "light"]), "answerKey": "A"},
        {"id": "2", "question": "Which is a planet? ", "choices": choices(["the Sun", "Mars", "the Moon"], "123"), "answerKey": "2"},
        {"id": "3", "question": "Ice is\nfrozen ...", "choices": choices(["air", "sand", "water", "wood", "fire"]), "answerKey": "C"},
        {"id": "4", "question": "12", "choices": choices(["twelve", "a 'dozen'", "ten", "\u5341\u4e8c"]), "answerKey": "D"},
        {"id": "5", "question": "{{ not a template }}", "choices": choices(["yes", "no"], "AB"), "answerKey": "B"},
    ],
    "piqa": [
        {"goal": "How do you open a jar?", "sol1": "Turn the lid.", "sol2": "Turn the jar into a lid.", "label": 0},
        {"goal": "dry a shirt", "sol1": "hang it up in the sun ", "sol2": " put it into a lake", "label": 0},
        {"goal": "Sharpen a pencil.", "sol1": "Use water", "sol2": "Use a knife, and cut away from you", "label": 1},
        {"goal": "Keep soup warm:", "sol1": "Put a lid on", "sol2": "Put a lid on ice", "label": 0},
        {"goal": "Find north \u2192", "sol1": "\u00c0 la boussole", "sol2": "Ask", "label": 1},
    ],
    "openbookqa": [
        {"id": "a", "question_stem": "The sun rises in the", "choices": choices(["east", "west", "sea", "evening"]), "answerKey": "A"},
        {"id": "b", "question_stem": "Frogs begin as", "choices": choices(["birds", "tadpoles", "leaves", "rain"]), "answerKey": " B"},
        {"id": "c", "question_stem": "1984", "choices": choices(["a year", "a day", "a colour", "a fruit"]), "answerKey": "A"},
        {"id": "d", "question_stem": "Magnets attract ", "choices": choices(["iron", "wood", "glass", "wool"]), "answerKey": "A"},
        {"id": "e", "question_stem": "Roots take up", "choices": choices(["light", "sound", "heat", "water"]), "answerKey": "D"},
    ],
    "boolq": [
        {"passage": "Tea is a drink.", "question": "is tea a drink", "idx": 0, "label": 1},
        {"passage": "Lead is heavy.\n", "question": "does lead float", "idx": 1, "label": 0},
        {"passage": "Oslo -- Oslo is in Norway.", "question": "is oslo in sweden", "idx": 2, "label": 0},
        {"passage": "", "question": "is there a passage", "idx": 3, "label": 0},
        {"passage": "Bees make honey.", "question": "do bees make honey?", "idx": 4, "label": 1},
    ],
    "winogrande": [
        {"sentence": "The cup did not fit in the box because _ was too large.", "option1": "the cup", "option2": "the box", "answer": "1"},
        {"sentence": "Ann thanked Bea, since _ had helped.", "option1": "Ann", "option2": "Bea", "answer": "2"},
        {"sentence": "_ was too loud for the library, so the radio was removed.", "option1": "The radio", "option2": "The book", "answer": "1"},
        {"sentence": "They asked Jo or Max, and it was _ .", "option1": "Jo", "option2": "Max", "answer": "1"},
        {"sentence": "A snake_case name has a _ in it.", "option1": "dash", "option2": "line", "answer": "2"},
    ],
    "lambada_openai": [
        {"text": "He opened the door and saw the door"},
        {"text": "\u201cWho is it?\u201d she asked.\n\u201cIt is I,\u201d said the wolf"},
        {"text": "one"},
        {"text": "two  spaces before  this"},
        {"text": "a space at the end "},
    ],
    "mmlu_abstract_algebra": [
        {"question": "How many elements has the group Z_4?", "subject": "abstract_algebra", "choices": ["1", "2", "4", "8"], "answer": 2},
        {"question": " Is Z a field?\n", "subject": "abstract_algebra", "choices": ["Yes", "No", "Only on Mondays", "It depends"], "answer": 1},
        {"question": "Statement 1 | A ring is a group.\nStatement 2 | A field is a ring.", "subject": "abstract_algebra",
         "choices": ["True, True", "False, False", "True, False", "False, True"], "answer": 0},
    ],
    "mmlu_high_school_us_history": [
        {"question": "Which came first?", "subject": "high_school_us_history", "choices": ["1776", "1789", "1812", "1865"], "answer": 0},
        {"question": "This question refers to the following information.\nWe the people ...\nWho?", "subject": "high_school_us_history",
         "choices": ["The people", "A king", " Nobody", "A ship"], "answer": 3},
    ],
    "mmlu_college_physics": [
        {"question": "What has mass?", "subject": "college_physics", "choices": ["A photon", "An idea", "A stone", "A shadow"], "answer": 2},
        {"question": "F =", "subject": "college_physics", "choices": ["ma", "mc^2", "hf", "kT"], "answer": 0},
        {"question": "c is", "subject": "college_physics", "choices": ["fast", "slow", "blue", "loud"], "answer": 0},
    ],
}
ROWS["arc_challenge"] = ROWS["arc_easy"][:2]
ROWS["lambada_standard"] = ROWS["lambada_openai"][:2]


class MadeUp(LM):
    """Answers that depend on the request alone, of which a few are equal."""

    def __init__(self):
        super().__init__()
        self.asked = {}

    def loglikelihood(self, requests):
        answers = []
        for request in requests:
            context, continuation = request.args
            number = int.from_bytes(hashlib.sha256(json.dumps([context, continuation]).encode()).digest()[:4], "big")
            answer = (-(number % 97) / 8 - len(continuation) / 9, number % 3 == 0)
            answers.append(answer)
            self.asked.setdefault((request.task_name, request.doc_id), {})[request.idx] = [context, continuation, *answer]
        return answers

    def loglikelihood_rolling(self, requests):
        raise NotImplementedError

    def generate_until(self, requests):
        raise NotImplementedError


def write(folder, name, rows):
    file = Path(folder) / name
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def golden(name, rows, shots, few_shot):
    """shots: rows, or None for `rows` themselves."""
    with tempfile.TemporaryDirectory() as folder:
        file = write(folder, "rows.jsonl", rows)
        shot_file = file if shots is None else write(folder, "shots.jsonl", shots)
        model = MadeUp()
        task = local_task(name, file, shot_file, few_shot)
        found = evaluate(model, {"tasks": {name: task}, "groups": {}, "group_map": {}}, bootstrap_iters=100, log_samples=False)
    asked = [[answer for _, answer in sorted(model.asked[name, i].items())] for i in range(len(rows))]
    metrics = {}
    for key, value in found["results"][name].items():
        metric, _, rest = key.partition(",")
        if rest == "none" and not metric.startswith("perplexity_") and not isinstance(value, str):
            metrics[metric] = float(value)
    return {"task": name, "few_shot": few_shot, "rows": rows, "shots": shots, "asked": asked, "metrics": metrics}


goldens = []
for name, rows in ROWS.items():
    goldens.append(golden(name, rows, None, 0))
    if name in ("hellaswag", "arc_easy", "winogrande", "lambada_openai", "mmlu_abstract_algebra"):
        goldens.append(golden(name, rows[2:], rows[:2], 2))
        goldens.append(golden(name, rows, None, 2))  # each row follows the first others

subjects = [one for one in goldens if one["task"].startswith("mmlu_") and one["few_shot"] == 0]
sizes = [len(one["rows"]) for one in subjects]
together = {"acc": aggregate_subtask_metrics([one["metrics"]["acc"] for one in subjects], sizes),
            "acc_stderr": float(pooled_sample_stderr([one["metrics"]["acc_stderr"] for one in subjects], sizes))}
with open(sys.argv[1], "w", encoding="utf-8") as out:
    lines = ",\n".join(json.dumps(one) for one in goldens)
    out.write(f'{{"lm_eval": "{lm_eval.__version__}", "mmlu": {json.dumps(together)}, "goldens": [\n{lines}]}}\n')
