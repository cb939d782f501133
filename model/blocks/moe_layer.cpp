#include "model/blocks/moe_layer.h"

#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {

MoeLayer::MoeLayer(Params& params, const std::string& name, const ModelConfig& model,
                   const RouterConfig& router, Mesh& mesh, Exchange& exchange,
                   const GateInputs& inputs)
    : name_(name),
      hidden_(model.hidden),
      inner_(model.expert_hidden),
      shared_inner_(model.shared_expert_hidden),
      expert_shape_{model.hidden, model.expert_hidden, init_std_of(model), residual_init_std(model),
                    true},
      mesh_(mesh),
      placement_(model.num_experts, mesh.expert_degree(),
                 Placement::max_num_replicas(model.num_experts, mesh.expert_degree(),
                                             model.num_experts + router.extra_copies)),
      gate_(params, name, router, model.hidden, model.num_experts, init_std_of(model), inputs),
      exchange_(exchange),
      mixture_(router.node_sums ? mixture_per_node(exchange, *mesh.experts)
                                : mixture_at_home(exchange)) {
  if (shared_inner_ > 0) {
    shared_.emplace(
        params, name + ".shared",
        Ffn::Shape{hidden_, shared_inner_, init_std_of(model), residual_init_std(model), false});
  }
}

void MoeLayer::host_experts(Params& params) {
  shard_.emplace(params, name_, placement_, mesh_.experts->rank(), expert_shape_);
}

void MoeLayer::place(Params& params, Placement placement) {
  placement_ = std::move(placement);
  shard_->host(params, placement_);
}

void MoeLayer::route(const Params& params, const Batch& batch, Tensor x, Saved& saved, Arena& arena,
                     Stream& stream) const {
  gate_.choose(params, batch, x, saved.routing, arena, stream);
  make_plan(saved.routing, placement_, *mesh_.experts, arena, saved.plan, stream);
  exchange_.prepare(saved.plan, arena, stream);
}

void MoeLayer::forward(const Params& params, const Batch& batch, Tensor x, Saved& saved, Tensor out,
                       const Workspace& workspace, Pass pass, Stream& stream) const {
  Arena &arena = workspace.activations, &scratch = workspace.scratch;
  if (pass == Pass::first) {
    route(params, batch, x, saved, workspace.routing, stream);
    saved.reads_x = saved.routing.input.data == x.data;
  } else if (saved.reads_x) {
    saved.routing.input = x;  // the same numbers, in another place
  }
  const Plan& plan = saved.plan;

  saved.experts = Ffn::take(arena, plan.num_shard_rows, inner_);
  mixture_->forward(
      x, saved.routing.weight, plan,
      [&](const Chunk& chunk, Tensor rows, Tensor results) {
        shard_->forward(params, chunk.segments, rows, saved.experts, results, stream);
      },
      saved.mixture, out, arena, scratch, stream);

  if (!shared_ || x.empty()) return;
  const Span span(stream, "ffn");
  saved.shared = Ffn::take(arena, x.rows(), shared_inner_);
  const Tensor shared_out = scratch.take(x.shape);
  shared_->forward(params, x, saved.shared, shared_out, stream);
  RuntimeOps::on(stream.device()).add(shared_out, out, stream);
}

AuxiliaryLosses MoeLayer::backward(Params& params, const Batch& batch, Tensor x, Saved& saved,
                                   Tensor d_out, double share, Tensor d_x, Arena& scratch,
                                   Stream& stream) const {
  const Tensor d_weight = scratch.take(saved.routing.weight.shape);
  mixture_->backward(
      d_out, saved.routing.weight, saved.plan,
      [&](const Chunk& chunk, Tensor d_results, Tensor d_rows) {
        shard_->backward(params, chunk.segments, saved.mixture.rows, saved.experts, d_results,
                         d_rows, stream);
      },
      saved.mixture, d_weight, d_x, scratch, stream);

  if (x.empty()) return {};
  if (shared_) {
    const Span span(stream, "ffn");
    const Tensor d_shared = scratch.take(x.shape);
    shared_->backward(params, x, saved.shared, d_out, d_shared, stream);
    RuntimeOps::on(stream.device()).add(d_shared, d_x, stream);
  }
  return gate_.backward(params, batch, x, saved.routing, d_weight, share, d_x, scratch, stream);
}

}  // namespace switchyard
