#include "model/blocks/moe_layer.h"

#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {

MoeLayer::MoeLayer(Params& params, const std::string& name, const ModelConfig& model,
                   const RouterConfig& router, Mesh& mesh, Exchange& exchange,
                   const GateInputs& inputs, StepBalancer* balancer)
    : name_(name),
      layer_(inputs.layer),
      hidden_(model.hidden),
      inner_(model.expert_hidden),
      shared_inner_(model.shared_expert_hidden),
      expert_shape_{model.hidden, model.expert_hidden, init_std_of(model),
                    residual_init_std(model)},
      expert_narrow_(Ffn::Narrow::of(
          [&](const char* part) {
            return params.terms_of({.expert = ExpertPart{name, 0, part}});
          },
          expert_shape_)),
      mesh_(mesh),
      placement_(model.num_experts, mesh.expert_degree(),
                 Placement::max_num_replicas(model.num_experts, mesh.expert_degree(),
                                             model.num_experts + router.extra_copies)),
      gate_(params, name, router, model.hidden, model.num_experts, init_std_of(model), inputs),
      exchange_(exchange),
      mixture_(exchange),
      balancer_(balancer) {
  if (shared_inner_ > 0) {
    shared_.emplace(
        params, name + ".shared",
        Ffn::Shape{hidden_, shared_inner_, init_std_of(model), residual_init_std(model)});
    if (model.shared_expert_gate)
      shared_gate_.emplace(params, name + ".shared_gate", hidden_, init_std_of(model));
  }
}

void MoeLayer::host_experts(Params& params) {
  shard_.emplace(params, name_, placement_, mesh_.experts->rank(), expert_shape_);
}

void MoeLayer::place(Params& params, Placement placement) {
  placement_ = std::move(placement);
  shard_->host(params, placement_);
}

void MoeLayer::route(const LayerContext& context, Tensor x, Saved& saved) const {
  Arena& arena = context.workspace.routing;
  gate_.choose(context.params, context.batch, x, saved.routing, arena, context.stream);
  PlanSequences sequences;
  if (context.masks(layer_).need_sequences())
    sequences = {context.dropout->num_sequences(), context.batch.index};
  Plan plan = make_plan(saved.routing, serving(context, saved), *mesh_.experts, arena,
                        context.stream, sequences);
  saved.prepared = exchange_.prepare(std::move(plan), arena, context.stream);
}

Serving MoeLayer::serving(const LayerContext& context, Saved& saved) const {
  if (balancer_ == nullptr) return serving_by(placement_, mesh_.experts->rank());
  StepBalancer::Balanced balanced = balancer_->serve(saved.routing, home(context), *mesh_.experts,
                                                     context.workspace.scratch, context.stream);
  saved.guests = std::move(balanced.guests);
  saved.balance = balanced.report;
  return std::move(balanced.serving);
}

GuestExperts::Home MoeLayer::home(const LayerContext& context) const {
  return {context.params, *shard_, placement_, mesh_.experts->rank()};
}

template <class Pass>
void MoeLayer::for_hosts(const LayerContext& context, const Chunk& chunk, const Pass& pass) const {
  const int num_hosted = placement_.num_hosted(mesh_.experts->rank());
  pass(context.params, *shard_, own_segments(chunk.segments, num_hosted));
  if (balancer_ == nullptr) return;
  const std::vector<Segment> guests = guest_segments(chunk.segments, num_hosted);
  if (!guests.empty()) pass(balancer_->guests().params(), balancer_->guests().shard(), guests);
}

void MoeLayer::forward(const LayerContext& context, Tensor x, Saved& saved, Tensor out,
                       Pass pass) const {
  Arena &arena = context.workspace.activations, &scratch = context.workspace.scratch;
  Stream& stream = context.stream;
  if (pass == Pass::first) {
    route(context, x, saved);
    saved.reads_x = saved.routing.input.data == x.data;
  } else if (saved.reads_x) {
    saved.routing.input = x;  // the same numbers, at a new address
  }

  saved.experts = Ffn::take(arena, saved.prepared->plan.num_shard_rows, inner_, expert_narrow_);
  if (balancer_ != nullptr)
    balancer_->guests().receive(saved.guests, home(context), *mesh_.experts, scratch, stream);
  const ExpertPass experts = [&](const Chunk& chunk, Tensor rows, Tensor results) {
    for_hosts(context, chunk,
              [&](Params& of_hosts, const ExpertShard& shard, std::span<const Segment> segments) {
                shard.forward(of_hosts, segments, rows, saved.experts, results, stream,
                              context.masks(layer_));
              });
  };
  mixture_.forward(x, {saved.routing.weight, *saved.prepared, experts, scratch, stream},
                   saved.mixture, out, arena);

  if (shared_ && !x.empty()) add_shared(context, x, saved, out);
}

void MoeLayer::add_shared(const LayerContext& context, Tensor x, Saved& saved, Tensor out) const {
  const auto& [params, batch, workspace, stream, dropout] = context;
  const Span span(stream, "ffn");
  const RowContext rows = context.rows(layer_);
  saved.shared = Ffn::take(workspace.activations, x.rows(), shared_inner_, shared_->narrow());
  if (shared_gate_) {
    saved.shared_gate = SharedGate::Saved::take(workspace.activations, x.rows(), hidden_);
    shared_->forward(params, x, saved.shared, saved.shared_gate.rows, stream, rows);
    shared_gate_->forward(context, x, saved.shared_gate, out);
    return;
  }
  const Tensor shared_out = workspace.scratch.take(x.shape);
  shared_->forward(params, x, saved.shared, shared_out, stream, rows);
  RuntimeOps::on(stream.device()).add(shared_out, out, stream);
}

void MoeLayer::add_shared_gradient(const LayerContext& context, Tensor x, const Saved& saved,
                                   Tensor d_out, Tensor d_x) const {
  const auto& [params, batch, workspace, stream, dropout] = context;
  const Span span(stream, "ffn");
  const Tensor d_rows =
      shared_gate_ ? shared_gate_->backward(context, x, saved.shared_gate, d_out, d_x) : d_out;
  const Tensor d_shared = workspace.scratch.take(x.shape);
  shared_->backward(params, x, saved.shared, d_rows, d_shared, stream, context.rows(layer_));
  RuntimeOps::on(stream.device()).add(d_shared, d_x, stream);
}

AuxiliaryLosses MoeLayer::backward(const LayerContext& context, Tensor x, Saved& saved,
                                   Tensor d_out, double share, Tensor d_x) const {
  const auto& [params, batch, workspace, stream, dropout] = context;
  Arena& scratch = workspace.scratch;
  const Tensor d_weight = scratch.take(saved.routing.weight.shape);
  if (balancer_ != nullptr) {
    balancer_->guests().receive(saved.guests, home(context), *mesh_.experts, scratch, stream);
    balancer_->guests().zero_gradients(saved.guests, mesh_.experts->rank(), stream);
  }
  const ExpertPass experts = [&](const Chunk& chunk, Tensor d_results, Tensor d_rows) {
    for_hosts(context, chunk,
              [&](Params& of_hosts, const ExpertShard& shard, std::span<const Segment> segments) {
                shard.backward(of_hosts, segments, saved.mixture.rows, saved.experts, d_results,
                               d_rows, stream, context.masks(layer_));
              });
  };
  mixture_.backward(d_out, {saved.routing.weight, *saved.prepared, experts, scratch, stream},
                    saved.mixture, d_weight, d_x);
  if (balancer_ != nullptr)
    balancer_->guests().send_gradients(saved.guests, home(context), *mesh_.experts, scratch,
                                       stream);

  if (x.empty()) return {};
  if (shared_) add_shared_gradient(context, x, saved, d_out, d_x);
  return gate_.backward(params, batch, saved.routing, {d_weight, share, d_x}, scratch, stream);
}

}  // namespace switchyard
