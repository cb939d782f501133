// The arithmetic of a transformer's dense half. Every op's result is a function of its own
// arguments alone: reductions run in fixed chunks, so no thread count or layout can change a bit.
// All f32; sizes are checked (Exit::internal). No op allocates: scratch comes from the caller, and
// what it holds before and after means nothing.
//
// Notation: T tokens of a micro-batch (padded to a multiple of row_tile), H hidden, D head dim, Q
// query heads, K key/value heads (Q a multiple of K), V vocabulary, S sequence length, B sequences;
// T = B * S before padding.
#pragma once

#include "runtime/device/stream.h"
#include "runtime/hd.h"
#include "runtime/tensor.h"

namespace switchyard {

struct RotaryTable;  // model/attention/rotary.h

// Where attention may look: position[t] counts from the start of t's document within its row, so
// token t attends to tokens t - position[t] .. t. Rows are `sequence` tokens long.
struct AttentionShape {
  std::int64_t num_sequences = 0, sequence = 0;
  int num_heads = 0, num_kv_heads = 0;
  std::int64_t head_dim = 0;
};

struct AttentionTensors {
  Tensor q, k, v;   // q: [T, Q, D]; k, v: [T, K, D]
  Tensor position;  // [T] i32; in a layer with a window of W tokens, at most W - 1
  Tensor out;       // [T, Q, D]: what forward writes
  Tensor log_sum;   // [T, Q]: what forward writes for backward
};
struct AttentionGradients {
  Tensor d_out;          // [T, Q, D]
  Tensor d_q, d_k, d_v;  // what backward writes, of the sizes of q, k and v
};
// Errors: Exit::internal for heads that do not divide, and for tensors of other sizes than
// AttentionTensors and AttentionGradients say.
void check_attention(const AttentionTensors& tensors, const AttentionShape& shape);
void check_attention_gradients(const AttentionTensors& tensors,
                               const AttentionGradients& gradients);

// Attention of one new token per text to its text, or to the last tokens of it. Row i belongs to
// text i, and its key and value go to place length[i] of the text; the rows that fill up T repeat
// text 0.
struct PastAttentionTensors {
  Tensor q, k, v;           // of the new tokens, as in AttentionTensors
  Tensor keys, values;      // [texts, capacity, K, D]
  Tensor length;            // [texts] i32, below capacity
  Tensor score;             // [T, Q, capacity], overwritten; GPUs need none
  Tensor out;               // [T, Q, D], overwritten
  std::int64_t window = 0;  // the number of tokens that a token sees, itself included; 0: all
};
// The first place of a text that the token at place `last` sees.
SWITCHYARD_HD inline std::int64_t first_seen(std::int64_t last, std::int64_t window) {
  return window == 0 || last < window ? 0 : last + 1 - window;
}

struct RmsNormGradients {
  Tensor x, weight, inverse, d_out;  // as in ModelOps::rms_norm
  Tensor d_x;                        // overwritten; may be d_out
  Tensor d_weight;  // [n], overwritten: summed over rows in chunks of 64, which are joined pairwise
};

// Rows that count by a share of each, share = sigmoid(x . weight), as the shared expert's output
// does in Qwen1.5-MoE.
struct GatedRows {
  Tensor x, weight;  // [T, H], [H]
  Tensor rows;       // [T, H]
  Tensor share;      // [T]: what forward writes for backward
};
struct GatedRowsGradients {
  Tensor d_out;    // [T, H]
  Tensor d_rows;   // [T, H], overwritten
  Tensor d_score;  // [T], overwritten: by x . weight
  Tensor d_x;      // [T, H], added to
};
// Errors: Exit::internal for tensors of other sizes than GatedRows and GatedRowsGradients say.
void check_gated_rows(const GatedRows& tensors);
void check_gated_rows_gradients(const GatedRows& tensors, const GatedRowsGradients& gradients);

// What logits say of each row's next token. All [rows].
struct TokenScores {
  Tensor loss;              // f32: -log of the target's probability in nats; 0 without a target
  Tensor best;              // i32: the likeliest token, the first of several; -1 if one is NaN
  Tensor best_probability;  // f32
  Tensor entropy;           // f32: of the distribution, in nats
  Tensor log_sum;           // f32: log of the sum of e^logit
};
// Errors: Exit::internal for tensors of other sizes than TokenScores says.
void check_token_scores(Tensor logits, Tensor target, const TokenScores& scores);

class ModelOps {
 public:
  virtual ~ModelOps() = default;
  // Errors: Exit::usage if this build has no kernels for the device.
  static ModelOps& on(Device device);

  // out[t] = table[token[t]]. token: [T] i32 in [0, V), table: [V, H], out: [T, H].
  virtual void embed(Tensor token, Tensor table, Tensor out, Stream& stream) = 0;
  // d_table[v] = sum over t with token[t] = v, in token order, of d_out[t]; other rows become zero.
  virtual void embed_backward(Tensor token, Tensor d_out, Tensor d_table, Stream& stream) = 0;

  // RMSNorm (Zhang and Sennrich 2019): out = x / sqrt(mean(x^2) + epsilon) * weight, over the last
  // dim. x, out: [rows, n], may be the same; weight: [n]; inverse: [rows], kept for backward. Also
  // serves QK-norm with rows = T * heads.
  virtual void rms_norm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverse,
                        Stream& stream) = 0;
  // scratch: f32, at least rms_norm_scratch(rows, n) elements.
  virtual void rms_norm_backward(const RmsNormGradients& gradients, Tensor scratch,
                                 Stream& stream) = 0;
  virtual std::int64_t rms_norm_scratch(std::int64_t rows, std::int64_t n) const = 0;

  // out += share * rows. out: [T, H].
  virtual void add_gated(const GatedRows& tensors, Tensor out, Stream& stream) = 0;
  // Without the gradient by the weight, which is the product of d_score and x.
  virtual void add_gated_backward(const GatedRows& tensors, const GatedRowsGradients& gradients,
                                  Stream& stream) = 0;

  // Rotary positions, in place: rotates the pairs (i, i + D/2) of each head by the table's angle
  // for their position and i. x: [T, heads, D]; position: [T] i32. direction: +1 forward, -1
  // backward (the transpose).
  virtual void rotate(Tensor x, Tensor position, const RotaryTable& table, int direction,
                      Stream& stream) = 0;

  // Causal attention within documents, softmax scaled by 1/sqrt(D), in query tiles of fixed size:
  // memory is linear in S. Padding rows of results are 0. A token's results depend on its own
  // document alone, to the bit. scratch: f32, at least attention_scratch(shape, stream) elements,
  // for backward too.
  virtual void attention(const AttentionTensors& tensors, const AttentionShape& shape,
                         Tensor scratch, Stream& stream) = 0;
  virtual void attention_backward(const AttentionTensors& tensors,
                                  const AttentionGradients& gradients, const AttentionShape& shape,
                                  Tensor scratch, Stream& stream) = 0;
  virtual std::int64_t attention_scratch(const AttentionShape& shape,
                                         const Stream& stream) const = 0;

  virtual void attention_past(const PastAttentionTensors& tensors, Stream& stream) = 0;

  // Cross-entropy of rows of logits, in place. logits: [rows, V] becomes d_logits = (softmax -
  // onehot) * scale for rows with target >= 0 and zero for the others. loss: [rows] f32, 0 for rows
  // without a target. target: [rows] i32.
  virtual void cross_entropy(Tensor logits, Tensor target, float scale, Tensor loss,
                             Stream& stream) = 0;
  // Leaves the logits as they are; the losses have the bits of cross_entropy's. logits: [rows, V];
  // target: [rows] i32, -1 for none.
  virtual void token_scores(Tensor logits, Tensor target, const TokenScores& scores,
                            Stream& stream) = 0;
};

}  // namespace switchyard
