"""A Switchyard model in lm-eval (0.4.13): every task of it that asks for log-probabilities, not those that generate text.

    pip install lm-eval
    python examples/lm-eval/switchyard_lm.py run --model switchyard --model_args run=runs/quickstart --tasks hellaswag,wikitext
    python examples/lm-eval/switchyard_lm.py run --model switchyard --tasks mmlu --num_fewshot 5 \\
        --model_args "run=runs/big,launcher=mpirun -n 8"

Arguments of the model: run (a run directory, a checkpoint or a model), program (switchyard, if it is not on the PATH), launcher
(what starts the ranks), max_length (tokens), options (further ones of `switchyard score`). lm-eval's batch size and device mean nothing
here: the scores are the same on any number of ranks, and options="--set run.device=cuda" takes a GPU.
"""

import json
import shlex
import subprocess
import tempfile
from pathlib import Path

from lm_eval.api.model import LM
from lm_eval.api.registry import register_model


@register_model("switchyard")
class Switchyard(LM):
    def __init__(self, run, program="switchyard", launcher="", max_length=None, options="", **unused):
        super().__init__()
        self.command = [*shlex.split(launcher), program, "score", str(run), *shlex.split(options)]
        if max_length:
            self.command += ["--max-length", str(max_length)]

    def answers(self, requests):
        """What `switchyard score` says of each request, an object as it takes them."""
        if not requests:
            return []
        with tempfile.TemporaryDirectory() as folder:
            asked, answered = Path(folder) / "requests.jsonl", Path(folder) / "answers.jsonl"
            asked.write_text("".join(json.dumps(request) + "\n" for request in requests))
            subprocess.run([*self.command, "--requests", asked, "--output", answered], check=True)
            return [json.loads(line) for line in answered.read_text().splitlines()]

    def loglikelihood(self, requests):
        texts = [dict(zip(("context", "continuation"), request.args)) for request in requests]
        return [(answer["logprob"], answer["greedy"]) for answer in self.answers(texts)]

    def loglikelihood_rolling(self, requests):
        return [answer["logprob"] for answer in self.answers([{"text": request.args[0]} for request in requests])]

    def generate_until(self, requests):
        raise NotImplementedError("switchyard score generates no text: choose tasks that ask for log-probabilities")


if __name__ == "__main__":
    from lm_eval.__main__ import cli_evaluate

    cli_evaluate()
