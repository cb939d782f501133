#include "router/ops.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <vector>

#include "router/math.h"
#include "runtime/sum16.h"

namespace switchyard {
namespace {

constexpr std::int64_t token_chunk = 64;

SWITCHYARD_MULTIVERSION
float softmax_row(const float* logits, std::int64_t count, float* probability) {
  float largest = logits[0];
  for (std::int64_t i = 1; i < count; ++i) largest = logits[i] > largest ? logits[i] : largest;
  for (std::int64_t i = 0; i < count; ++i) probability[i] = exp_f32(logits[i] - largest);
  const float sum = sum16<float>(count, [&](std::int64_t i) { return probability[i]; });
  for (std::int64_t i = 0; i < count; ++i) probability[i] /= sum;
  return largest + log_f32(sum);
}

// d_logits = p * (d_p - sum(d_p * p)) + z * p, where d_p comes in as d_logits.
SWITCHYARD_MULTIVERSION
void softmax_row_backward(const float* p, std::int64_t count, float z, float* d_logits) {
  const float dot = sum16<float>(count, [&](std::int64_t i) { return d_logits[i] * p[i]; });
  for (std::int64_t i = 0; i < count; ++i) d_logits[i] = p[i] * (d_logits[i] - dot + z);
}

SWITCHYARD_MULTIVERSION
float dot_row(const float* a, const float* b, std::int64_t count) {
  return sum16<float>(count, [&](std::int64_t i) { return a[i] * b[i]; });
}

SWITCHYARD_MULTIVERSION
void scale_row(const float* in, float scale, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = in[i] * scale;
}

SWITCHYARD_MULTIVERSION
void add_scaled_row(const float* in, float scale, std::int64_t count, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] += in[i] * scale;
}

// Calls body(first, last) for chunks of tokens, on the stream's threads.
template <class Body>
void for_chunks(std::int64_t tokens, Stream& stream, Body body) {
  parallel_for(stream, (tokens + token_chunk - 1) / token_chunk, [&](std::int64_t chunk) {
    body(chunk * token_chunk, std::min(tokens, (chunk + 1) * token_chunk));
  });
}

class CpuRouterOps final : public RouterOps {
 public:
  void choose(Tensor logits, GateOrder order, Tensor probability, Tensor log_sum, Tensor expert,
              Tensor weight, Stream& stream) override {
    const std::int64_t tokens = log_sum.size(), experts = logits.cols(), k = expert.cols();
    std::atomic<bool> finite = true;
    for_chunks(tokens, stream, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t t = first; t < last; ++t) {
        const float* row = logits.as<float>() + t * experts;
        float* p = probability.as<float>() + t * experts;
        std::int32_t* chosen = expert.as<std::int32_t>() + t * k;
        float* w = weight.as<float>() + t * k;
        if (!top_k_row(row, experts, k, chosen)) {
          finite = false;
          return;
        }
        log_sum.as<float>()[t] = softmax_row(row, experts, p);
        if (order == GateOrder::topk_softmax) {
          softmax_chosen(row, chosen, k, w);
        } else {
          for (std::int64_t c = 0; c < k; ++c) w[c] = p[chosen[c]];
        }
      }
    });
    require(finite, Exit::numerical,
            "a router logit is not a number: the model has diverged; lower the learning rate");
  }

  void choose_backward(Tensor probability, Tensor log_sum, Tensor expert, Tensor weight,
                       GateOrder order, Tensor d_weight, std::span<const float> aux_slope,
                       float z_slope, Tensor d_logits, Stream& stream) override {
    const std::int64_t tokens = log_sum.size(), experts = probability.cols(), k = expert.cols();
    for_chunks(tokens, stream, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t t = first; t < last; ++t) {
        const std::int32_t* chosen = expert.as<std::int32_t>() + t * k;
        const float* w = weight.as<float>() + t * k;
        const float* dw = d_weight.as<float>() + t * k;
        float* d = d_logits.as<float>() + t * experts;
        std::copy(aux_slope.begin(), aux_slope.end(), d);
        if (order == GateOrder::softmax_topk) {
          for (std::int64_t c = 0; c < k; ++c) d[chosen[c]] += dw[c];
        }
        softmax_row_backward(probability.as<float>() + t * experts, experts,
                             z_slope * log_sum.as<float>()[t], d);
        if (order == GateOrder::topk_softmax) {
          float dot = 0.0F;
          for (std::int64_t c = 0; c < k; ++c) dot += dw[c] * w[c];
          for (std::int64_t c = 0; c < k; ++c) d[chosen[c]] += w[c] * (dw[c] - dot);
        }
      }
    });
  }

  double sum_probabilities(Tensor probability, Tensor log_sum, std::span<double> sums,
                           Stream& stream) override {
    const std::int64_t tokens = log_sum.size(), experts = std::ssize(sums);
    const std::int64_t chunks = (tokens + token_chunk - 1) / token_chunk;
    std::vector<double> partial(static_cast<std::size_t>(chunks * (experts + 1)), 0.0);
    for_chunks(tokens, stream, [&](std::int64_t first, std::int64_t last) {
      double* mine = partial.data() + first / token_chunk * (experts + 1);
      for (std::int64_t t = first; t < last; ++t) {
        const float* p = probability.as<float>() + t * experts;
        for (std::int64_t e = 0; e < experts; ++e) mine[e] += static_cast<double>(p[e]);
        const double log_sum_t = log_sum.as<float>()[t];
        mine[experts] += log_sum_t * log_sum_t;
      }
    });
    std::fill(sums.begin(), sums.end(), 0.0);
    double squares = 0.0;
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      const double* from = partial.data() + chunk * (experts + 1);
      for (std::int64_t e = 0; e < experts; ++e) sums[static_cast<std::size_t>(e)] += from[e];
      squares += from[experts];
    }
    return squares;
  }

  void gather_rows(Tensor in, Tensor index, Tensor out, Stream& stream) override {
    const std::int64_t cols = out.cols();
    for_chunks(index.size(), stream, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        std::copy_n(in.as<float>() + index.as<std::int32_t>()[i] * cols, cols,
                    out.as<float>() + i * cols);
      }
    });
  }

  void scatter_rows(Tensor in, Tensor index, Tensor out, Stream& stream) override {
    const std::int64_t cols = in.cols();
    for_chunks(index.size(), stream, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t i = first; i < last; ++i) {
        std::copy_n(in.as<float>() + i * cols, cols,
                    out.as<float>() + index.as<std::int32_t>()[i] * cols);
      }
    });
  }

  void spread_choices(Tensor d_out, Tensor weight, Tensor slot_of_choice, Tensor out,
                      Stream& stream) override {
    for_choices(d_out, slot_of_choice, stream,
                [&](std::int64_t t, std::int64_t pair, std::int64_t slot) {
                  const std::int64_t cols = d_out.cols();
                  scale_row(d_out.as<float>() + t * cols, weight.as<float>()[pair], cols,
                            out.as<float>() + slot * cols);
                });
  }

  void sum_choices(Tensor slots, Tensor weight, Tensor slot_of_choice, Tensor out,
                   Stream& stream) override {
    const std::int64_t cols = out.cols(), k = slot_of_choice.cols();
    for_choices(out, slot_of_choice, stream,
                [&](std::int64_t t, std::int64_t pair, std::int64_t slot) {
                  float* to = out.as<float>() + t * cols;
                  const float scale = weight.empty() ? 1.0F : weight.as<float>()[pair];
                  const auto put = pair % k == 0 ? scale_into : add_scaled_row;
                  put(slots.as<float>() + slot * cols, scale, cols, to);
                });
  }

  void dot_choices(Tensor d_out, Tensor slots, Tensor slot_of_choice, Tensor d_weight,
                   Stream& stream) override {
    for_choices(d_out, slot_of_choice, stream,
                [&](std::int64_t t, std::int64_t pair, std::int64_t slot) {
                  const std::int64_t cols = d_out.cols();
                  d_weight.as<float>()[pair] =
                      dot_row(d_out.as<float>() + t * cols, slots.as<float>() + slot * cols, cols);
                });
  }

 private:
  static void scale_into(const float* in, float scale, std::int64_t count, float* out) {
    scale_row(in, scale, count, out);
  }

  // Calls body(token, pair, slot) for every choice of every token, the choices of one token in
  // order.
  template <class Body>
  static void for_choices(Tensor tokens, Tensor slot_of_choice, Stream& stream, Body body) {
    const std::int64_t k = slot_of_choice.empty() ? 0 : slot_of_choice.cols();
    for_chunks(k == 0 ? 0 : tokens.rows(), stream, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t pair = first * k; pair < last * k; ++pair) {
        body(pair / k, pair, slot_of_choice.as<std::int32_t>()[pair]);
      }
    });
  }
};

}  // namespace

RouterOps& RouterOps::on(Device device) {
  require(device == Device::cpu(), Exit::usage, "this build has no CUDA kernels for routing");
  static CpuRouterOps cpu;
  return cpu;
}

}  // namespace switchyard
