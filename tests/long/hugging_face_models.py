"""hugging_face_models.py make FOLDER DOCUMENTS: a small random model of each family, in FOLDER/NAME as save_pretrained writes it, and
FOLDER/losses.json: the mean loss of the documents (JSON lines with a text, one id for each byte) in double precision. Beside each,
expected/model.safetensors: of two texts of 16 random tokens the logits of the later 8 tokens each, and the gradient of the mean loss.
hugging_face_models.py fused ONE OTHER: saves the model of ONE in several files and with the names of transformers 5.
hugging_face_models.py same ONE OTHER: both folders load strictly and hold the same model, bit for bit.

tests/launch/hugging_face/goldens was made by `make` with transformers 5.24 and PyTorch 2.15."""

import copy
import json
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

BOUNDARY = 256
PLAIN = dict(vocab_size=272, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, intermediate_size=24,
             max_position_embeddings=512, tie_word_embeddings=True, bos_token_id=BOUNDARY, eos_token_id=BOUNDARY, pad_token_id=None)
EXPERTS = dict(moe_intermediate_size=8, num_experts=5, num_experts_per_tok=2)
LLAMA3 = dict(rope_type="llama3", rope_theta=100.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)
YARN = dict(rope_type="yarn", rope_theta=1000.0, factor=4.0, original_max_position_embeddings=32)

# Each has what sets its family apart, and something that a model of it may have.
MODELS = {
    "mixtral": dict(intermediate_size=8, num_local_experts=4, num_experts_per_tok=2, sliding_window=5, head_dim=16),
    "qwen2_moe": dict(EXPERTS, shared_expert_intermediate_size=12, mlp_only_layers=[1], num_hidden_layers=3),
    "qwen3_moe": dict(EXPERTS, norm_topk_prob=True, attention_bias=True, head_dim=8, tie_word_embeddings=False),
    "olmoe": dict(intermediate_size=8, num_experts=6, num_experts_per_tok=3, vocab_size=257),
    "qwen3": dict(head_dim=16, use_sliding_window=True, sliding_window=4, layer_types=["sliding_attention", "full_attention"],
                  rope_parameters=YARN),
    "llama": dict(rope_parameters=LLAMA3, attention_bias=True, num_key_value_heads=2),
    "olmo2": dict(rope_parameters=dict(rope_type="default", rope_theta=500.0)),
    "dots1": dict(moe_intermediate_size=8, n_routed_experts=8, n_shared_experts=2, num_experts_per_tok=4, n_group=4, topk_group=2,
                  first_k_dense_replace=1, norm_topk_prob=True, routed_scaling_factor=1.5, sliding_window=None, head_dim=8),
}


def random_model(name, seed):
    torch.manual_seed(seed)
    config = AutoConfig.for_model(name, **{**PLAIN, **MODELS[name]})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation="eager", experts_implementation="eager")
    with torch.no_grad():
        for key, value in list(model.named_parameters()) + [(k, v) for k, v in model.named_buffers() if "correction" in k]:
            around = 1.0 if key.endswith("norm.weight") else 0.0
            value.copy_((around + 0.2 * torch.randn(value.shape)).bfloat16().float())
    return model.eval()


def margins(model, documents):
    """The smallest distance between the last expert that a token takes and the first that it does not."""
    smallest, names = [1.0], ("MixtralTopKRouter", "Qwen2MoeTopKRouter", "Qwen3MoeTopKRouter", "OlmoeTopKRouter", "Dots1TopkRouter")

    def look(module, _, output):
        scores = output[0].float()
        if hasattr(module, "e_score_correction_bias"):
            scores = scores.sigmoid() + module.e_score_correction_bias
        best = scores.topk(module.top_k + 1, dim=-1)[0]
        smallest.append((best[:, -2] - best[:, -1]).min().item())

    hooks = [m.register_forward_hook(look) for m in model.modules() if type(m).__name__ in names]
    for document in documents:
        model(torch.tensor([document]))
    for hook in hooks:
        hook.remove()
    return min(smallest), len(hooks)


def mean_loss(model, documents):
    total = 0.0
    for document in documents:
        logits = model(torch.tensor([document])).logits[0].double()
        target = torch.tensor(document[1:] + document[:1])
        total += torch.nn.functional.cross_entropy(logits, target, reduction="sum").item()
    return total / sum(map(len, documents))


def read_documents(path):
    with open(path) as file:
        return [[BOUNDARY, *json.loads(line)["text"].encode()] for line in file]


def expect(model, tokens):
    """What the model of a folder must give for the tokens [2, 16]. Experts are stacked, as they are in memory."""
    logits = model(tokens).logits
    torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()).backward()
    found = {name: parameter.grad.float() for name, parameter in model.named_parameters()}
    return {**found, "tokens": tokens.int(), "logits": logits[:, 8:].detach().flatten(0, 1).float()}


def make(folder, documents):
    losses = {}
    for name in MODELS:
        for seed in range(1000):
            model, tokens = random_model(name, seed), torch.randint(257, (2, 16))
            with torch.no_grad():
                margin, gates = margins(model, documents)
                near, _ = margins(model, tokens.tolist())
            if margin > 1e-4 and near > 1e-3:
                break
        dense = MODELS[name].get("num_experts_per_tok") is None
        assert dense == (gates == 0) and margin > 1e-4 and near > 1e-3, (name, gates, margin, near)
        copy.deepcopy(model).bfloat16().save_pretrained(f"{folder}/{name}")  # rounds rotary frequencies, too
        os.makedirs(f"{folder}/{name}/expected", exist_ok=True)
        save_file(expect(model.double(), tokens), f"{folder}/{name}/expected/model.safetensors")
        with torch.no_grad():
            losses[name] = mean_loss(model, documents)
        print(f"{name}: seed {seed}, {gates} gates, margin {margin:.1e}, loss {losses[name]!r}")
    with open(f"{folder}/losses.json", "w") as file:
        file.write(json.dumps(losses, indent=1) + "\n")


def load_strictly(folder):
    model, loading = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, dtype=torch.float32)
    problems = {kind: names for kind, names in loading.items() if names}
    assert not problems, f"{folder}: {problems}"
    return model


@torch.no_grad()
def same(one, other):
    first, second = load_strictly(one), load_strictly(other)
    states = first.state_dict(), second.state_dict()
    assert states[0].keys() == states[1].keys(), states[0].keys() ^ states[1].keys()
    for key, value in states[0].items():
        assert torch.equal(value, states[1][key]), f"{key} differs"
    tokens = torch.arange(200)[None]
    assert torch.equal(first(tokens).logits, second(tokens).logits), "the configs differ"
    print(f"{one} and {other}: {type(first).__name__}, {len(states[0])} equal tensors")


if __name__ == "__main__":
    command, one, other = sys.argv[1:]
    if command == "make":
        make(one, read_documents(other))
    elif command == "fused":
        load_strictly(one).bfloat16().save_pretrained(other, save_original_format=False, max_shard_size="20KB")
    else:
        same(one, other)
