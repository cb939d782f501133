#include "model/transformer/transformer.h"

#include "model/transformer/transformer_state.h"

namespace switchyard {

Transformer::Transformer(const ModelConfig& model, const RouterConfig& router,
                         const Options& options, Mesh& mesh)
    : state_(std::make_unique<State>(model, router, options, mesh)) {}
Transformer::~Transformer() = default;
Transformer::Transformer(Transformer&&) noexcept = default;

Params& Transformer::params() { return state_->params; }
const ModelConfig& Transformer::config() const { return state_->model; }
const RouterConfig& Transformer::router() const { return state_->router; }
MoeLayer& Transformer::moe_layer(int layer) {
  return *state_->layers.block(static_cast<std::size_t>(layer)).moe();
}
const Transformer::Options& Transformer::options() const { return state_->options; }
Transformer::ActivationMemory Transformer::activation_memory() const {
  return {state_->arenas.held_bytes(), state_->arenas.used().total()};
}
const FixedPoint& Transformer::loss_format() const { return state_->params.format(); }
int Transformer::num_moe_layers() const { return static_cast<int>(moe_layers().size()); }
const std::string& Transformer::exchange_choice() const { return state_->exchange.why; }
std::string Transformer::exchange_name() const {
  return state_->exchange.exchange ? state_->exchange.exchange->name() : "";
}
std::int64_t Transformer::travelling_row_bytes() const { return state_->row_bytes; }
std::vector<int> Transformer::moe_layers() const { return state_->moe_layers(); }

StepSums Transformer::empty_sums() const {
  const State& s = *state_;
  return {num_moe_layers(), s.model.num_experts, Gate::bias_bins_of(s.router),
          s.trains_mtp() ? s.model.mtp_depth : 0};
}

void Transformer::zero_gradients(Stream& stream) {
  state_->params.zero_gradients(stream);
  if (state_->balancer) state_->balancer->guests().params().zero_gradients(stream);
}

bool Transformer::gradient_overflow(Stream& stream) const {
  const bool of_guests =
      state_->balancer && state_->balancer->guests().params().gradient_overflow(stream);
  return of_guests || state_->params.gradient_overflow(stream);
}

void Transformer::finish_step(const StepSums& sums) {
  std::size_t i = 0;
  for (const int layer : moe_layers()) {
    moe_layer(layer).gate().finish_step(sums.expert_counts(i), sums.required_biases(i));
    ++i;
  }
}

std::vector<std::pair<std::string, Tensor>> Transformer::gate_state() {
  std::vector<std::pair<std::string, Tensor>> state;
  LayerStack& layers = state_->layers;
  for (const int layer : layers.moe_blocks(layers.size())) {
    for (auto& tensor : moe_layer(layer).gate().state()) state.push_back(std::move(tensor));
  }
  return state;
}

}  // namespace switchyard
