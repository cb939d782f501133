"""hugging_face.py DATASET LOSS FOLDER...: loads each exported folder with transformers and compares the loss of the dataset's held-out
documents with LOSS, which `switchyard evaluate` printed; and the tokens of a text."""

import glob
import sys

import h5py
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

dataset, ours, folders = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
file = h5py.File(glob.glob(f"{dataset}/tokens/validation*.h5")[0])
offsets, tokens = file["document_offsets"][:], torch.tensor(file["tokens"][:].astype("int64"))
boundary = int(tokens[0])


def mean_loss(model):
    """Each document starts with the boundary, which is also what follows its last token."""
    total = 0.0
    with torch.no_grad():
        for begin, end in zip(offsets[:-1], offsets[1:]):
            document = tokens[begin:end]
            target = torch.cat([document[1:], document[:1]])
            logits = model(document[None]).logits[0].double()
            total += torch.nn.functional.cross_entropy(logits, target, reduction="sum").item()
    return total / len(tokens)


for folder in folders:
    rounded = folder.endswith("bf16")
    model, loading = AutoModelForCausalLM.from_pretrained(
        folder, output_loading_info=True, experts_implementation="eager", dtype=torch.float32)
    problems = {kind: names for kind, names in loading.items() if names}
    assert not problems, f"{folder}: {problems}"
    theirs = mean_loss(model.double().eval())
    print(f"{folder}: {type(model).__name__}, loss {theirs!r}, evaluate {ours!r}, difference {theirs - ours:.1e}")
    assert abs(theirs - ours) < (2e-3 if rounded else 1e-7), folder

    tokenizer = AutoTokenizer.from_pretrained(folder)
    for begin, end in list(zip(offsets[:-1], offsets[1:]))[:20]:
        document = tokens[begin:end].tolist()
        text = tokenizer.decode(document, skip_special_tokens=True)
        assert tokenizer(text).input_ids == document, f"{folder}: other tokens of {text!r}"
