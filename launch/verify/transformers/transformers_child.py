"""transformers_child.py FOLDER: what transformers computes for the tokens in FOLDER, beside what switchyard computed.

Reads request.json ({"model", "tokens", "hidden", "tolerance", "tensors"}), tokens.i32, targets.i32, positions.i32 [tokens] and
TENSOR.f32 [tokens, hidden] of each tensor. Writes result.json: the mean loss of the targets, and for each tensor how many tokens lie
further than the tolerance from those of transformers, relative to their norm. Exit code 86: a library is missing."""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
try:
    import torch
    import transformers
except ImportError as missing:
    print(f"{sys.executable} lacks what this needs: {missing}")
    sys.exit(86)

FOLDER = sys.argv[1]
with open(os.path.join(FOLDER, "request.json")) as file:
    REQUEST = json.load(file)


def read(name, dtype, shape):
    with open(os.path.join(FOLDER, name), "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype).reshape(shape)


def load(folder):
    loaded = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", experts_implementation="eager", local_files_only=True)
    return loaded.double().eval()


def watch(model, seen):
    """Keeps the rows of each tensor, by the name that switchyard gives it."""

    def keep(name):
        def hook(_module, inputs, output=None):
            rows = inputs[0] if output is None else output[0] if isinstance(output, tuple) else output
            seen.setdefault(name, []).append(rows[0].detach())

        return hook

    model.get_input_embeddings().register_forward_hook(keep("embedding"))
    for index, layer in enumerate(model.base_model.layers):
        # The stream between attention and FFN is what the norm of the FFN reads, or, with norms after both, the FFN itself.
        norms_after = hasattr(layer, "post_feedforward_layernorm")
        middle = layer.mlp if norms_after else layer.post_attention_layernorm
        middle.register_forward_pre_hook(keep(f"layer{index}.attention"))
        layer.register_forward_hook(keep(f"layer{index}.output"))


def documents(positions):
    """Where documents begin and end: no token sees one of another document."""
    begins = [i for i, position in enumerate(positions.tolist()) if position == 0]
    return zip(begins, begins[1:] + [len(positions)])


def compare(ours, theirs, tolerance):
    distance = (ours.double() - theirs).norm(dim=1) / theirs.norm(dim=1).clamp_min(1e-30)
    return {"beyond": int((~(distance <= tolerance)).sum()), "median": distance.median().item(), "most": distance.max().item()}


def main():
    count = REQUEST["tokens"]
    tokens, targets, positions = (read(f"{name}.i32", torch.int32, (count,)).long() for name in ("tokens", "targets", "positions"))
    model, seen, loss = load(REQUEST["model"]), {}, 0.0
    watch(model, seen)
    with torch.no_grad():
        for begin, end in documents(positions):
            logits = model(tokens[begin:end][None]).logits[0].double()
            loss += torch.nn.functional.cross_entropy(logits, targets[begin:end], ignore_index=-1, reduction="sum").item()
    tensors = []
    for name in REQUEST["tensors"]:
        ours = read(f"{name}.f32", torch.float32, (count, REQUEST["hidden"]))
        tensors.append({"tensor": name, **compare(ours, torch.cat(seen[name]), REQUEST["tolerance"])})
    result = {"loss": loss / int((targets >= 0).sum()), "model": type(model).__name__,
              "transformers": transformers.__version__, "torch": torch.__version__, "tensors": tensors}
    with open(os.path.join(FOLDER, "result.json"), "w") as file:
        json.dump(result, file)


main()
