"""peft_adapter.py DATASET LOSS BASE ADAPTER FOLDED SAVED: PEFT loads ADAPTER onto BASE, as
`export --hugging-face` and `model adapter` wrote them. Its loss of the held-out documents is LOSS, which `switchyard evaluate` printed;
merge_and_unload gives the weights of FOLDED; and what it saves is written to SAVED, for `model adapter --base` to read back."""

import glob
import sys

import h5py
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

dataset, ours, base, adapter, folded, saved = sys.argv[1], float(sys.argv[2]), *sys.argv[3:]
file = h5py.File(glob.glob(f"{dataset}/tokens/validation*.h5")[0])
offsets, tokens = file["document_offsets"][:], torch.tensor(file["tokens"][:].astype("int64"))


def loaded(folder):
    return AutoModelForCausalLM.from_pretrained(folder, experts_implementation="eager", dtype=torch.float32)


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


model = PeftModel.from_pretrained(loaded(base), adapter)
read = load_file(f"{adapter}/adapter_model.safetensors")
state = {name.replace(".default", ""): value for name, value in model.state_dict().items() if "lora_" in name}
fused = any(".experts." in name for name in read)  # into stacks, as transformers keeps the experts of a layer
assert fused or state.keys() == read.keys(), state.keys() ^ read.keys()
assert all(torch.equal(state[name], read[name]) for name in state.keys() & read.keys())
model.save_pretrained(saved)
theirs = mean_loss(model.double().eval())
print(f"{adapter}: {len(read)} matrices, loss {theirs!r}, evaluate {ours!r}, difference {theirs - ours:.1e}")
assert abs(theirs - ours) < 1e-6

merged = model.merge_and_unload().float().state_dict()
expected = loaded(folded).state_dict()
worst = max((merged[name] - value).abs().max().item() for name, value in expected.items())
print(f"{folded}: {len(expected)} tensors, largest difference from merge_and_unload {worst:.1e}")
assert merged.keys() == expected.keys() and worst < 1e-6
