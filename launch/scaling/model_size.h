// ModelSize: what scaling laws take for the size of a run.
#pragma once

namespace switchyard::scaling {

// Counts as floating-point numbers: laws take logarithms of them.
struct ModelSize {
  double active = 0.0;         // parameters that a token meets, tables included
  double total = 0.0;          // parameters of the whole model
  double body = 0.0;           // of the active ones, those outside the tables of tokens and logits
  double tokens = 0.0;         // that the run trains on, repeated ones included
  double unique_tokens = 0.0;  // of these, different ones; 0: all
  double experts = 1.0;        // of a layer; 1: dense
  double top_k = 1.0;          // experts that a token meets

  // By which factor experts multiply the parameters of an FFN without adding work: the E of laws
  // that were fitted with one expert per token.
  double expansion() const { return experts / top_k; }
  // How many experts make up the work of one FFN: G of Krajewski et al.
  double granularity() const { return top_k; }
  double sparsity() const { return (experts - top_k) / experts; }  // Abnar et al.
};

}  // namespace switchyard::scaling
