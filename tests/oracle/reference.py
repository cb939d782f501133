"""The model by its formulas, in PyTorch: it shares only the names of parameters with Switchyard.

Shapes: B sequences, S positions, H hidden, D head dim, T = B * S tokens, E experts, V vocabulary.
"""

import torch


def rms_norm(x, weight, epsilon):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon) * weight


def rotate(x, position, base):
    """RoPE (arXiv:2104.09864): pairs (i, i + D/2) turn by position * base^(-2i/D).

    x: [B, S, heads, D].
    """
    half = x.shape[-1] // 2
    rate = base ** (-torch.arange(half, dtype=x.dtype) / half)
    angle = (position[..., None].to(x.dtype) * rate)[:, :, None, :]
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * angle.cos() - second * angle.sin(),
                      first * angle.sin() + second * angle.cos()], -1)


def visible(position):
    """[B, S, S]: whether query t sees key s, t - position[t] <= s <= t. position: [B, S]."""
    index = torch.arange(position.shape[1])
    first = index - position
    return (index <= index[:, None]) & (index >= first[:, :, None])


def attend(q, k, v, position):
    """Causal attention within documents. A key/value head serves neighbouring query heads."""
    group = q.shape[2] // k.shape[2]
    k, v = k.repeat_interleave(group, 2), v.repeat_interleave(group, 2)
    score = torch.einsum("bthd,bshd->bhts", q, k) / q.shape[-1] ** 0.5
    score = score.masked_fill(~visible(position)[:, None], -torch.inf)
    return torch.einsum("bhts,bshd->bthd", score.softmax(-1), v)


class Reference:
    """weights: every parameter by its name in Switchyard; gradients land in their .grad."""

    def __init__(self, config, weights):
        self.config, self.weights = config, weights
        self.narrowest_choice = torch.inf  # the gap in logits to the next expert

    def linear(self, x, name):
        return x @ self.weights[name].T

    def norm(self, x, name):
        return rms_norm(x, self.weights[name], self.config["norm_epsilon"])

    def before(self, x, name):
        return self.norm(x, name) if self.config["norm_placement"] == "before" else x

    def after(self, x, name):
        """OLMo 2 (arXiv:2501.00656) norms what a branch adds to the residual stream."""
        return self.norm(x, name) if self.config["norm_placement"] == "after" else x

    def attention(self, x, position, name):
        config = self.config

        def heads(part, count):
            return self.linear(x, f"{name}.{part}").view(*x.shape[:2], count, config["head_dim"])

        q, k = heads("q", config["num_heads"]), heads("k", config["num_kv_heads"])
        if config["qk_norm"]:
            q, k = self.norm(q, f"{name}.q_norm"), self.norm(k, f"{name}.k_norm")
        q, k = (rotate(each, position, config["rope_base"]) for each in (q, k))
        mixed = attend(q, k, heads("v", config["num_kv_heads"]), position)
        return self.linear(mixed.flatten(2), f"{name}.o")

    def ffn(self, x, name):
        """SwiGLU (arXiv:2002.05202)."""
        gate = self.linear(x, f"{name}.gate")
        return self.linear(gate * gate.sigmoid() * self.linear(x, f"{name}.up"), f"{name}.down")

    def best(self, score, k):
        """The indices of the k largest along the last dim, and how near the next one came."""
        best = score.topk(min(k + 1, score.shape[-1]), -1)
        if score.shape[-1] > k:
            gap = best.values[..., k - 1] - best.values[..., k]
            self.narrowest_choice = min(self.narrowest_choice, gap.min().item())
        return best.indices[..., :k]

    def within_groups(self, score):
        """Only the groups whose best top_k / groups_per_token scores have the largest sums."""
        config = self.config
        groups, chosen = config["groups"], config["groups_per_token"]
        if groups == 1:
            return score
        grouped = score.unflatten(-1, (groups, -1))
        sums = grouped.topk(config["top_k"] // chosen, -1).values.sum(-1)
        allowed = torch.zeros_like(sums).scatter(-1, self.best(sums, chosen), 1.0)
        return grouped.masked_fill(allowed[..., None] == 0, -torch.inf).flatten(-2)

    def choose(self, logits):
        """The weight of every expert for every token, [B, S, E]: zero where it was not chosen."""
        k, gate = self.config["top_k"], self.config["gate"]
        if gate == "sigmoid":
            bias = 0.03 * (torch.arange(logits.shape[-1]) % 4)
            score = logits.sigmoid()
            chosen = self.best(self.within_groups(score + bias), k)
            weight = score.gather(-1, chosen)
            weight = weight / weight.sum(-1, keepdim=True)
        elif gate == "softmax_topk":
            chosen = self.best(logits, k)
            weight = logits.softmax(-1).gather(-1, chosen)
        else:
            chosen = self.best(logits, k)
            weight = logits.gather(-1, chosen).softmax(-1)
        return torch.zeros_like(logits).scatter(-1, chosen, self.config["scale"] * weight)

    def moe(self, x, name):
        """Every expert computes every token. Returns the output and the two losses."""
        experts = self.config["num_experts"]
        logits = self.linear(x, f"{name}.router")
        weight = self.choose(logits)
        out = sum(weight[..., e, None] * self.ffn(x, f"{name}.expert{e}") for e in range(experts))
        if self.config["shared_expert"]:
            shared = self.ffn(x, f"{name}.shared")
            if self.config["shared_expert_gate"]:
                shared = shared * self.linear(x, f"{name}.shared_gate").sigmoid()
            out = out + shared
        share = logits.softmax(-1)
        if self.config["gate"] == "sigmoid":
            share = logits.sigmoid() / logits.sigmoid().sum(-1, keepdim=True)
        domain = (1,) if self.config["balance_over"] == "sequence" else (0, 1)
        fraction = (weight != 0).to(x.dtype).mean(domain) / self.config["top_k"]
        balance = experts * (fraction * share.mean(domain)).sum(-1).mean()
        z = (logits.logsumexp(-1) ** 2).mean()
        return out, self.config["balance_loss"] * balance, self.config["z_loss"] * z

    def micro_batch(self, tokens, targets, position):
        """[B, S] each. Returns the sum of the cross-entropies, the balance loss and the z-loss."""
        x = self.weights["embedding"][tokens]
        balance = z = torch.zeros((), dtype=x.dtype)
        for layer in range(self.config["num_layers"]):
            name = f"layer{layer}"
            into = self.before(x, f"{name}.attention_norm")
            out = self.attention(into, position, f"{name}.attention")
            x = x + self.after(out, f"{name}.attention_norm")
            into = self.before(x, f"{name}.ffn_norm")
            if self.config["num_experts"] == 0 or layer in self.config["dense_layers"]:
                out = self.ffn(into, f"{name}.ffn")
            else:
                out, layer_balance, layer_z = self.moe(into, name)
                balance, z = balance + layer_balance, z + layer_z
            x = x + self.after(out, f"{name}.ffn_norm")
        head = "embedding" if self.config["tie_embeddings"] else "head"
        logits = self.linear(self.norm(x, "final_norm"), head)
        log_probability = logits - logits.logsumexp(-1, keepdim=True)
        right = log_probability.gather(-1, targets.clamp(min=0)[..., None])[..., 0]
        return -right[targets >= 0].sum(), balance, z

    def step(self, tokens, targets, positions):
        """[micro-batches, B, S] each. The step's losses by name, and its gradients in the weights.

        Cross-entropy is divided by the step's targets; a micro-batch's other losses count with its
        share of them.
        """
        loss_tokens = (targets >= 0).sum()
        losses = {"loss": 0.0, "balance_loss": 0.0, "z_loss": 0.0}
        for micro in zip(tokens, targets, positions):
            entropy, balance, z = self.micro_batch(*micro)
            share = micro[0].numel() / loss_tokens
            losses["loss"] += entropy / loss_tokens
            losses["balance_loss"] += balance * share
            losses["z_loss"] += z * share
        sum(losses.values()).backward()
        return {name: loss.detach() for name, loss in losses.items()}
