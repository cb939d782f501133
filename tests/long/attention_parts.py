"""attention_parts.py DUMP_MODEL: the parts of attention against transformers' own models.

For each of three cases of tests/oracle/cases.h, DUMP_MODEL runs a step in f32. transformers runs the same documents in f64, one at a
time, and the loss and the gradient of every parameter are compared as in tests/oracle.
"""

import pathlib
import re
import sys

import torch
import transformers

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
import oracle  # noqa: E402

OURS = {"embedding": "model.embed_tokens.weight", "final_norm": "model.norm.weight", "head": "lm_head.weight"}
OF_LAYER = {"attention_norm": "input_layernorm.weight", "ffn_norm": "post_attention_layernorm.weight", "router": "mlp.gate.weight",
            **{f"attention.{p}": f"self_attn.{p}_proj.weight" for p in "qkvo"},
            **{f"attention.{p}_bias": f"self_attn.{p}_proj.bias" for p in "qkvo"},
            **{f"attention.{p}_norm": f"self_attn.{p}_norm.weight" for p in "qk"},
            **{f"ffn.{p}": f"mlp.{p}_proj.weight" for p in ("gate", "up", "down")}}


def place(name, inner):
    """The tensor of transformers that holds ours, and the part of it that does."""
    if name in OURS:
        return OURS[name], ()
    layer, rest = re.fullmatch(r"layer(\d+)\.(.*)", name).groups()
    expert = re.fullmatch(r"expert(\d+)\.(gate|up|down)", rest)
    if not expert:
        return f"model.layers.{layer}.{OF_LAYER[rest]}", ()
    fused = "down_proj" if expert[2] == "down" else "gate_up_proj"
    rows = {"gate": slice(0, inner), "up": slice(inner, None), "down": slice(None)}[expert[2]]
    return f"model.layers.{layer}.mlp.experts.{fused}", (int(expert[1]), rows)


def rope(config):
    ours, base = config["rope"], {"rope_theta": config["rope_base"]}
    if ours["type"] == "none":
        return {"rope_type": "default", **base}
    shared = {"rope_type": ours["type"], "factor": ours["factor"], "original_max_position_embeddings": ours["original_length"], **base}
    if ours["type"] == "llama3":
        return {"low_freq_factor": ours["low_frequency_factor"], "high_freq_factor": ours["high_frequency_factor"], **shared}
    return {"beta_fast": ours["beta_fast"], "beta_slow": ours["beta_slow"], "truncate": ours["truncate"], **shared}


def model_of(case, config, weights):
    vocabulary, hidden = weights["embedding"].shape
    layers = range(config["num_layers"])
    windowed = config["window_layers"] or list(layers)
    settings = {
        "vocab_size": vocabulary, "hidden_size": hidden, "num_hidden_layers": len(layers), "num_attention_heads": config["num_heads"],
        "num_key_value_heads": config["num_kv_heads"], "head_dim": config["head_dim"], "rms_norm_eps": config["norm_epsilon"],
        "max_position_embeddings": 80, "rope_parameters": rope(config), "tie_word_embeddings": config["tie_embeddings"],
        "pad_token_id": None, "attn_implementation": "eager", "experts_implementation": "eager"}
    if config["window"]:
        settings |= {"use_sliding_window": True, "sliding_window": config["window"],
                     "layer_types": ["sliding_attention" if layer in windowed else "full_attention" for layer in layers]}
    if case == "olmoe":
        settings |= {"attention_bias": True, "intermediate_size": weights["layer0.expert0.gate"].shape[0], "norm_topk_prob": False,
                     "num_experts": config["num_experts"], "num_experts_per_tok": config["top_k"]}
    else:
        settings["intermediate_size"] = weights["layer0.ffn.gate"].shape[0]
    return transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.for_model(case, **settings)).double().train()


def load(model, weights, inner):
    tensors = dict(model.named_parameters())
    unused = {name: torch.zeros_like(tensor, dtype=torch.bool) for name, tensor in tensors.items()}
    with torch.no_grad():
        for name, weight in weights.items():
            theirs, part = place(name, inner)
            tensors[theirs][part].copy_(weight)
            unused[theirs][part] = True
    missing = [name for name, seen in unused.items() if not seen.all()]
    assert not missing, f"nothing of ours fills {missing}"
    return tensors


def documents(tokens, targets, positions):
    """Each document of all rows, with its targets."""
    for row in zip(*(each.flatten(0, 1) for each in (tokens, targets, positions))):
        begins = (row[2] == 0).nonzero()[:, 0].tolist() + [len(row[2])]
        for begin, end in zip(begins, begins[1:]):
            yield row[0][begin:end], row[1][begin:end]


def compare(case, dump_model):
    config, weights, tokens, results = oracle.run_program(dump_model, case)
    inner = weights["layer0.expert0.gate"].shape[0] if case == "olmoe" else 0
    model = model_of(case, config, weights)
    tensors = load(model, weights, inner)
    count, loss = (tokens[1] >= 0).sum(), 0.0
    for document, target in documents(*tokens):
        logits = model(document[None]).logits[0]
        loss += torch.nn.functional.cross_entropy(logits, target, ignore_index=-1, reduction="sum") / count
    loss.backward()
    reference = {"loss": loss.detach()}
    for name in weights:
        theirs, part = place(name, inner)
        reference[name] = tensors[theirs].grad[part]
    ours = {name: value for name, value in results.items() if name not in ("balance_loss", "z_loss")}
    misses = oracle.compare(ours, reference, print)
    print(f"{case}: {type(model).__name__}, {len(reference)} compared, {len(misses)} missed")
    return misses


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    misses = [f"{case}: {name}" for case in ("olmoe", "qwen2", "qwen3") for name in compare(case, sys.argv[1])]
    if misses:
        sys.exit("missed: " + ", ".join(misses))


if __name__ == "__main__":
    main()
