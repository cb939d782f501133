"""The model by its formulas, in PyTorch: it shares only the names of parameters with Switchyard.

Shapes: B sequences, S positions, H hidden, D head dim, T = B * S tokens, E experts, V vocabulary.
"""

import math

import torch

import masks


def rms_norm(x, weight, epsilon):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + epsilon) * weight


def llama3_rates(rate, rope):
    """Llama 3.1 (arXiv:2407.21783): long waves become `factor` times longer, short ones stay."""
    wave = 2 * math.pi / rate
    longest = rope["original_length"] / rope["low_frequency_factor"]
    shortest = rope["original_length"] / rope["high_frequency_factor"]
    smooth = ((rope["original_length"] / wave - rope["low_frequency_factor"])
              / (rope["high_frequency_factor"] - rope["low_frequency_factor"]))
    between = (1 - smooth) * rate / rope["factor"] + smooth * rate
    return torch.where(wave > longest, rate / rope["factor"],
                       torch.where(wave < shortest, rate, between))


def yarn_rates(rate, base, rope):
    """YaRN (arXiv:2309.00071), section 3.2: by how often a wave turns in the original length."""
    half = len(rate)

    def pair(turns):
        return half * math.log(rope["original_length"] / (2 * math.pi * turns)) / math.log(base)

    low, high = pair(rope["beta_fast"]), pair(rope["beta_slow"])
    if rope["truncate"]:
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, 2 * half - 1)
    ramp = ((torch.arange(half, dtype=rate.dtype) - low) / (high - low)).clamp(0, 1)
    return rate / rope["factor"] * ramp + rate * (1 - ramp)


def rotate(x, position, base, rope):
    """RoPE (arXiv:2104.09864): pairs (i, i + D/2) turn by position * base^(-2i/D), scaled.

    x: [B, S, heads, D].
    """
    half = x.shape[-1] // 2
    rate, size = base ** (-torch.arange(half, dtype=x.dtype) / half), 1.0
    if rope["type"] == "llama3":
        rate = llama3_rates(rate, rope)
    if rope["type"] == "yarn":
        rate = yarn_rates(rate, base, rope)
        size = rope["attention_factor"] or 0.1 * math.log(rope["factor"]) + 1
    angle = (position[..., None].to(x.dtype) * rate)[:, :, None, :]
    first, second = x[..., :half], x[..., half:]
    return size * torch.cat([first * angle.cos() - second * angle.sin(),
                             first * angle.sin() + second * angle.cos()], -1)


def visible(position, window):
    """[B, S, S]: whether query t sees key s, t - position[t] <= s <= t. position: [B, S].

    window: how many of them at most, t included; 0 is all.
    """
    index = torch.arange(position.shape[1])
    first = index - position
    seen = (index <= index[:, None]) & (index >= first[:, :, None])
    return seen & (index > index[:, None] - window) if window else seen


def attend(q, k, v, position, window):
    """Causal attention within documents. A key/value head serves neighbouring query heads."""
    group = q.shape[2] // k.shape[2]
    k, v = k.repeat_interleave(group, 2), v.repeat_interleave(group, 2)
    score = torch.einsum("bthd,bshd->bhts", q, k) / q.shape[-1] ** 0.5
    score = score.masked_fill(~visible(position, window)[:, None], -torch.inf)
    return torch.einsum("bhts,bshd->bthd", score.softmax(-1), v)


class Reference:
    """weights: every parameter by its name in Switchyard; gradients land in their .grad."""

    def __init__(self, config, weights):
        self.config, self.weights = config, weights
        self.narrowest_choice = torch.inf  # the gap in logits to the next expert
        self.micro = 0  # the index of the micro-batch in the step

    def mask(self, rate, purpose, name, number, count):
        """The factors of the first `count` elements; docs/regularise.md."""
        dropout = self.config["dropout"]
        bits = masks.mask_bits(dropout["seed"], purpose, dropout["step"], name, number, count)
        return torch.from_numpy(masks.factors(bits, self.config["dropout"][rate]))

    def dropped(self, x, rate, name):
        """x: [B, S, H], a micro-batch."""
        if not self.config["dropout"][rate]:
            return x
        return x * self.mask(rate, 9, name, self.micro, x.numel()).view(x.shape)

    def masked_linear(self, x, name):
        """PerNodeDrop: each sequence has its own mask of the weights."""
        if not self.config["dropout"]["weights"]:
            return self.linear(x, name)
        weight, sequences = self.weights[name], x.shape[0]
        return torch.stack([
            x[s] @ (weight * self.mask("weights", 8, name, self.micro * sequences + s,
                                       weight.numel()).view(weight.shape)).T
            for s in range(sequences)])

    def linear(self, x, name):
        """With a bias if there is one. Adapters (LoRA), low-rank factors and guides beside them."""
        weights, out = self.weights, 0.0
        if name in weights:
            out = x @ weights[name].T
        if f"{name}.lora_a" in weights:
            scale = self.config["adapter_alpha"] / self.config["adapter_rank"]
            out = out + scale * (x @ weights[f"{name}.lora_a"].T @ weights[f"{name}.lora_b"].T)
        if f"{name}.v" in weights:
            share = self.config["guide_share"]
            out = (1 - share) * (x @ weights[f"{name}.v"].T @ weights[f"{name}.u"].T)
            if share:
                out = out + share * (x @ weights[f"{name}.guide"].T)
        return out + weights.get(f"{name}_bias", 0.0)

    def norm(self, x, name):
        return rms_norm(x, self.weights[name], self.config["norm_epsilon"])

    def before(self, x, name):
        return self.norm(x, name) if self.config["norm_placement"] == "before" else x

    def after(self, x, name):
        """OLMo 2 (arXiv:2501.00656) norms what a branch adds to the residual stream."""
        return self.norm(x, name) if self.config["norm_placement"] == "after" else x

    def attention(self, x, position, layer, block):
        config, name = self.config, f"{block}.attention"

        def heads(part, count):
            out, norm = self.linear(x, f"{name}.{part}"), f"{name}.{part}_norm"
            if config["qk_norm"] == "projection" and norm in self.weights:
                out = self.norm(out, norm)
            out = out.view(*x.shape[:2], count, config["head_dim"])
            if config["qk_norm"] == "true" and norm in self.weights:
                out = self.norm(out, norm)
            return out

        q, k = (rotate(heads(part, count), position, config["rope_base"], config["rope"])
                for part, count in (("q", config["num_heads"]), ("k", config["num_kv_heads"])))
        here = layer in config["window_layers"] or not config["window_layers"]
        mixed = attend(q, k, heads("v", config["num_kv_heads"]), position,
                       config["window"] if here else 0)
        return self.linear(mixed.flatten(2), f"{name}.o")

    def ffn(self, x, name, chosen=None):
        """SwiGLU (arXiv:2002.05202). chosen: [B, S], the tokens among whose rows a mask counts."""
        gate = self.masked_linear(x, f"{name}.gate")
        product = gate * gate.sigmoid() * self.masked_linear(x, f"{name}.up")
        if self.config["dropout"]["ffn"]:
            rows = product.flatten(0, 1)
            mask = self.mask("ffn", 9, f"{name}.down", self.micro, rows.numel()).view(rows.shape)
            if chosen is not None:
                mask = mask[(chosen.flatten().cumsum(0) - 1).clamp(min=0)]
            product = product * mask.view(product.shape)
        return self.masked_linear(product, f"{name}.down")

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
        out = sum(weight[..., e, None] * self.ffn(x, f"{name}.expert{e}", weight[..., e] != 0)
                  for e in range(experts))
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

    def block(self, x, position, layer, name):
        """The block `name`, of the kind of that layer: its output, balance loss and z-loss."""
        balance = z = torch.zeros((), dtype=x.dtype)
        into = self.before(x, f"{name}.attention_norm")
        out = self.after(self.attention(into, position, layer, name), f"{name}.attention_norm")
        x = x + self.dropped(out, "residual", f"{name}.attention")
        into = self.before(x, f"{name}.ffn_norm")
        if self.config["num_experts"] == 0 or layer in self.config["dense_layers"]:
            out = self.ffn(into, f"{name}.ffn")
        else:
            out, balance, z = self.moe(into, name)
        x = x + self.dropped(self.after(out, f"{name}.ffn_norm"), "residual", f"{name}.ffn")
        return x, balance, z

    def entropy(self, x, norm, targets):
        """The sum over the targets of the cross-entropy of the head's logits."""
        head = "embedding" if self.config["tie_embeddings"] else "head"
        logits = self.linear(self.norm(x, norm), head)
        log_probability = logits - logits.logsumexp(-1, keepdim=True)
        right = log_probability.gather(-1, targets.clamp(min=0)[..., None])[..., 0]
        return -right[targets >= 0].sum()

    @staticmethod
    def ahead(values, position, steps, otherwise):
        """values[i + steps] where it is of the same document as i, else otherwise[i]. [B, S]."""
        document = (position == 0).cumsum(-1)
        shifted, same = otherwise.clone(), torch.zeros_like(document, dtype=torch.bool)
        same[:, :-steps] = document[:, steps:] == document[:, :-steps]
        shifted[:, :-steps] = torch.where(same[:, :-steps], values[:, steps:],
                                          otherwise[:, :-steps])
        return shifted

    def mtp(self, x, tokens, targets, position):
        """DeepSeek-V3 (arXiv:2412.19437), section 2.2: each module's sum of cross-entropies, and
        the balance and z-losses. x: the output of the last layer."""
        entropies, last = [], self.config["num_layers"] - 1
        balance = z = torch.zeros((), dtype=x.dtype)
        for module in range(self.config["mtp_depth"]):
            name, steps = f"mtp{module}", module + 1
            token = self.ahead(tokens, position, steps, tokens)
            target = self.ahead(targets, position, steps, torch.full_like(targets, -1))
            both = torch.cat([self.norm(x, f"{name}.hidden_norm"),
                              self.norm(self.weights["embedding"][token],
                                        f"{name}.embedding_norm")], -1)
            projection = torch.cat([self.weights[f"{name}.hidden_projection"],
                                    self.weights[f"{name}.embedding_projection"]], -1)
            x, block_balance, block_z = self.block(both @ projection.T, position, last, name)
            balance, z = balance + block_balance, z + block_z
            entropies.append(self.entropy(x, f"{name}.final_norm", target))
        return entropies, balance, z

    def micro_batch(self, tokens, targets, position):
        """[B, S] each. Returns the sum of the cross-entropies, those of the modules of multi-token
        prediction, the balance loss and the z-loss."""
        x = self.dropped(self.weights["embedding"][tokens], "embedding", "embedding")
        balance = z = torch.zeros((), dtype=x.dtype)
        for layer in range(self.config["num_layers"]):
            x, layer_balance, layer_z = self.block(x, position, layer, f"layer{layer}")
            balance, z = balance + layer_balance, z + layer_z
        entropies, mtp_balance, mtp_z = self.mtp(x, tokens, targets, position)
        return (self.entropy(x, "final_norm", targets), entropies, balance + mtp_balance,
                z + mtp_z)

    def step(self, tokens, targets, positions):
        """[micro-batches, B, S] each. The step's losses by name, and its gradients in the weights.

        Cross-entropy is divided by the step's targets; a micro-batch's other losses count with its
        share of them, and those of modules with their weight over the number of modules.
        """
        loss_tokens = (targets >= 0).sum()
        depth = self.config["mtp_depth"]
        losses = {"loss": 0.0, "balance_loss": 0.0, "z_loss": 0.0}
        losses.update({f"mtp_loss_{module}": 0.0 for module in range(depth)})
        for self.micro, micro in enumerate(zip(tokens, targets, positions)):
            entropy, ahead, balance, z = self.micro_batch(*micro)
            share = micro[0].numel() / loss_tokens
            losses["loss"] += entropy / loss_tokens
            losses["balance_loss"] += balance * share
            losses["z_loss"] += z * share
            for module in range(depth):
                losses[f"mtp_loss_{module}"] += ahead[module] / loss_tokens
        sum(loss * (self.config["mtp_weight"] / depth if name.startswith("mtp") else 1)
            for name, loss in losses.items()).backward()
        return {name: loss.detach() for name, loss in losses.items()}
