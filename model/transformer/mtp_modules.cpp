#include "model/transformer/mtp_modules.h"

#include "model/ops.h"
#include "model/transformer/accounting.h"
#include "runtime/device/host_access.h"
#include "runtime/device/ops.h"
#include "runtime/device/trace.h"

namespace switchyard {
namespace {

std::string module_name(std::size_t module) { return "mtp" + std::to_string(module); }

LayerContext context_of(const LayerStack::Run& run, const Batch& batch) {
  return {run.params, batch, {run.arenas.kept, run.arenas.kept, run.arenas.scratch}, run.stream};
}

}  // namespace

MtpModules::MtpModules(Params& params, ParamId embedding, const LossHead& head,
                       const ModelConfig& model)
    : embedding_(embedding),
      first_block_(static_cast<std::size_t>(model.num_layers)),
      saved_(static_cast<std::size_t>(model.mtp_depth)) {
  for (std::size_t module = 0; module < saved_.size(); ++module) {
    const std::string name = module_name(module);
    const auto norm = [&](const char* part) {
      return Norm(params, name + "." + part, model.hidden, model.norm_epsilon);
    };
    const auto projection = [&](const char* part) {
      return Linear(params, {.name = name + "." + part,
                             .shape = {model.hidden, model.hidden},
                             .init_std = init_std_of(model)});
    };
    modules_.push_back({norm("hidden_norm"), norm("embedding_norm"),
                        projection("hidden_projection"), projection("embedding_projection"),
                        LossHead(params, name + ".final_norm", head, model)});
  }
}

void MtpModules::drop(const Step& step, std::size_t module, Tensor rows) const {
  const auto& [params, batch, arenas, stream, dropout] = step.run;
  if (dropout == nullptr || batch.step < 0 || !dropout->of_embedding().masks()) return;
  dropout->drop(dropout->of_embedding(), batch.step,
                key_of_name(module_name(module) + ".embedding"), batch.index, rows, rows, stream);
}

void MtpModules::project(const Step& step, const Module& module, const Saved& saved,
                         Tensor x) const {
  const auto& [params, batch, arenas, stream, dropout] = step.run;
  const LayerContext context = context_of(step.run, saved.batch);
  module.hidden_norm.forward(context, saved.h, saved.hidden_norm);
  module.embedding_norm.forward(context, saved.embedded, saved.embedding_norm);
  const Span span(stream, "ffn");
  module.hidden_projection.multiply(params, Factor::weight, saved.hidden_norm.out, x,
                                    Write::replace, stream);
  module.embedding_projection.multiply(params, Factor::weight, saved.embedding_norm.out, x,
                                       Write::add, stream);
}

void MtpModules::forward(const Step& step, std::size_t module) {
  const auto& [params, batch, arenas, stream, dropout] = step.run;
  Saved& saved = saved_[module];
  Arena& arena = arenas.kept;
  arenas.scratch.reset();
  saved.batch = batch;
  if (!batch.empty()) {
    const MtpRows& rows = saved.rows.emplace(step.on_host, static_cast<std::int64_t>(module) + 1);
    const auto sent = [&](const std::vector<std::int32_t>& ids) {
      return on_device(tensor_of(ids.data(), {std::ssize(ids)}), arena, stream);
    };
    saved.batch.tokens = sent(rows.tokens);
    saved.batch.targets = sent(rows.targets);
  }
  saved.embedded = arena.take(saved.h.shape);
  saved.hidden_norm = Norm::Saved::take(arena, saved.h.rows(), saved.h.cols());
  saved.embedding_norm = Norm::Saved::take(arena, saved.h.rows(), saved.h.cols());
  const Tensor x = arena.take(saved.h.shape);
  saved.out = arena.take(saved.h.shape);
  if (!batch.empty()) {
    {
      const Span span(stream, "embedding");
      ModelOps::on(stream.device())
          .embed(saved.batch.tokens, params.value(embedding_), saved.embedded, stream);
      drop(step, module, saved.embedded);
    }
    project(step, modules_[module], saved, x);
  }
  step.layers.forward_one(step.run, block(module), x, saved.out, nullptr);
  if (!batch.empty())
    modules_[module].head.normalize(context_of(step.run, saved.batch), saved.out, saved.final_norm);
}

void MtpModules::backward(const Step& step, const Module& module, const Saved& saved, Tensor d,
                          Tensor d_h) const {
  const auto& [params, batch, arenas, stream, dropout] = step.run;
  const LayerContext context = context_of(step.run, saved.batch);
  arenas.scratch.reset();
  const Tensor d_embedded = arenas.scratch.take(d.shape);
  {
    const Span span(stream, "ffn");
    const auto through = [&](const Linear& projection, Tensor in, Tensor d_in) {
      projection.weight_gradient(params, d, in, stream);
      projection.input_gradient(params, d, d_in, Write::replace, stream);
    };
    through(module.embedding_projection, saved.embedding_norm.out, d_embedded);
    through(module.hidden_projection, saved.hidden_norm.out, d_h);
  }
  module.hidden_norm.backward(context, saved.h, saved.hidden_norm, d_h, d_h);
  module.embedding_norm.backward(context, saved.embedded, saved.embedding_norm, d_embedded,
                                 d_embedded);
  if (params.spec(embedding_).frozen) return;
  const Span span(stream, "embedding");
  drop(step, static_cast<std::size_t>(&module - modules_.data()), d_embedded);
  const Tensor d_table = arenas.scratch.take(params.spec(embedding_).shape);
  ModelOps::on(stream.device()).embed_backward(saved.batch.tokens, d_embedded, d_table, stream);
  params.add_gradient(embedding_, d_table, stream);
}

void MtpModules::train(const Step& step, Tensor h, Tensor d, StepSums& sums,
                       std::vector<AuxiliaryLosses>& losses) {
  const auto& [params, batch, arenas, stream, dropout] = step.run;
  for (std::size_t module = 0; module < modules_.size(); ++module) {
    saved_[module].h = module == 0 ? h : saved_[module - 1].out;
    forward(step, module);
  }
  RuntimeOps& ops = RuntimeOps::on(stream.device());
  const double weight = step.weight / static_cast<double>(modules_.size());
  // By h_k of the module in turn, and what the module after it adds to that.
  const Tensor d_out = arenas.kept.take(h.shape), d_h = arenas.kept.take(h.shape);
  for (std::size_t module = modules_.size(); module-- > 0;) {
    const Saved& saved = saved_[module];
    arenas.scratch.reset();
    if (!batch.empty()) {
      const LossHead& head = modules_[module].head;
      const double loss =
          head.loss_and_gradient(context_of(step.run, saved.batch), saved.out, saved.final_norm,
                                 {step.loss_tokens, weight}, d_out);
      add_loss(params.format(), loss, sums.mtp_loss(module), sums);
      sums.mtp_targets(module) += saved.rows->num_targets;
      if (module + 1 < modules_.size()) ops.add(d_h, d_out, stream);
    }
    losses[block(module)] =
        step.layers.backward_one(step.run, block(module), saved.out, d_out, step.share);
    if (!batch.empty()) backward(step, modules_[module], saved, d_out, d_h);
  }
  if (!batch.empty()) ops.add(d_h, d, stream);
}

}  // namespace switchyard
