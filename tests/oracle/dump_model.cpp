// dump_model CASE FOLDER: one step of a small model on made-up tokens. Everything that goes in and
// comes out is written for oracle.py: raw f32 and i32 files, and step.json.

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "model/transformer/transformer.h"
#include "runtime/random.h"
#include "tests/oracle/cases.h"

namespace switchyard {
namespace {

void write_raw(const std::filesystem::path& path, Tensor tensor) {
  std::ofstream file(path, std::ios::binary);
  file.write(static_cast<const char*>(tensor.data), tensor.bytes());
  file.close();
  require(file.good(), Exit::storage, "{}: could not be written", path.string());
}

// The tokens of a step, all micro-batches one after another. Documents begin anywhere in a row.
struct Step {
  explicit Step(const Case& chosen);
  Batch micro_batch(std::int64_t index) const;

  std::int64_t num_sequences, sequence_length, loss_tokens = 0;
  std::vector<std::int32_t> tokens, targets, positions;
};

Step::Step(const Case& chosen)
    : num_sequences(chosen.num_sequences), sequence_length(chosen.sequence_length) {
  const std::int64_t count = chosen.num_micro_batches * num_sequences * sequence_length;
  const Random random(chosen.seed, Purpose::data_order);
  const auto draw = [&](std::int64_t i) { return random.uniform(static_cast<std::uint64_t>(i)); };
  const auto token = [&](double uniform) {
    return static_cast<std::int32_t>(uniform * static_cast<double>(chosen.vocabulary));
  };
  for (std::int64_t i = 0; i < count; ++i) {
    const bool starts = i % sequence_length == 0 || draw(4 * i) < 0.05;
    positions.push_back(starts ? 0 : positions.back() + 1);
    tokens.push_back(token(draw(4 * i + 1)));
    targets.push_back(draw(4 * i + 2) < 0.1 ? -1 : token(draw(4 * i + 3)));
    if (targets.back() >= 0) ++loss_tokens;
  }
}

Batch Step::micro_batch(std::int64_t index) const {
  const std::int64_t count = num_sequences * sequence_length;
  const auto part = [&](const std::vector<std::int32_t>& all) {
    return tensor_of(all.data() + index * count, {count});
  };
  return {index, num_sequences, sequence_length, part(tokens), part(targets), part(positions)};
}

// Norm weights that are all 1 would hide a norm that ignores them.
void set_values(Params& params, std::uint64_t seed) {
  params.initialize(seed);
  const Random random(seed, Purpose::sampling);
  for (ParamId id = 0; id < std::ssize(params.all()); ++id) {
    const Param& param = params.all()[static_cast<std::size_t>(id)];
    if (param.spec.init_std > 0) continue;
    for (std::int64_t i = 0; i < param.spec.shape.size(); ++i) {
      const auto index = static_cast<std::uint64_t>(param.offset + i);
      params.value(id).as<float>()[i] += static_cast<float>(0.2 * random.normal(index));
    }
  }
}

nlohmann::json write_parameters(const Params& params, const std::filesystem::path& folder,
                                Stream& stream) {
  nlohmann::json list = nlohmann::json::array();
  for (ParamId id = 0; id < std::ssize(params.all()); ++id) {
    const ParamSpec& spec = params.all()[static_cast<std::size_t>(id)].spec;
    const Buffer gradient(spec.shape, DType::f32);
    params.read_gradient(id, gradient, stream);
    write_raw(folder / (spec.name + ".value.f32"), params.value(id));
    write_raw(folder / (spec.name + ".gradient.f32"), gradient);
    std::vector<std::int64_t> dims;
    for (int i = 0; i < spec.shape.num_dims(); ++i) dims.push_back(spec.shape[i]);
    list.push_back({{"name", spec.name}, {"shape", dims}});
  }
  return list;
}

constexpr std::int64_t masked_step = 4;  // of the masks of a model with dropout

nlohmann::json describe(const RopeScaling& rope) {
  return {{"type", name_of(rope.type)},
          {"factor", rope.factor},
          {"low_frequency_factor", rope.low_frequency_factor},
          {"high_frequency_factor", rope.high_frequency_factor},
          {"original_length", rope.original_length},
          {"beta_fast", rope.beta_fast},
          {"beta_slow", rope.beta_slow},
          {"attention_factor", rope.attention_factor},
          {"truncate", rope.truncate}};
}

nlohmann::json describe(const Case& chosen) {
  const ModelConfig& model = chosen.model;
  return {{"num_layers", model.num_layers},
          {"num_heads", model.num_heads},
          {"num_kv_heads", model.num_kv_heads},
          {"head_dim", model.head_dim},
          {"qk_norm", name_of(model.qk_norm)},
          {"window", model.window},
          {"window_layers", model.window_layers},
          {"rope_base", model.rope_base},
          {"rope", describe(model.rope)},
          {"norm_epsilon", model.norm_epsilon},
          {"norm_placement", name_of(model.norm_placement)},
          {"dense_layers", model.dense_layers},
          {"num_experts", model.num_experts},
          {"shared_expert", model.shared_expert_hidden > 0},
          {"shared_expert_gate", model.shared_expert_gate},
          {"tie_embeddings", model.tie_embeddings},
          {"gate", name_of(chosen.router.gate)},
          {"top_k", chosen.router.top_k},
          {"scale", chosen.router.scale},
          {"groups", chosen.router.groups},
          {"groups_per_token", chosen.router.groups_per_token},
          {"balance_over", name_of(chosen.router.balance_over)},
          {"mtp_depth", model.mtp_depth},
          {"mtp_weight", chosen.mtp_weight},
          {"adapter_rank", model.adapter.rank},
          {"adapter_alpha", model.adapter.alpha},
          {"guide_share", chosen.guide_share},
          {"dropout",
           {{"seed", Transformer::Options{}.seed},
            {"step", masked_step},
            {"weights", model.dropout.weights},
            {"ffn", model.dropout.ffn},
            {"residual", model.dropout.residual},
            {"embedding", model.dropout.embedding}}},
          {"balance_loss", chosen.router.balance_loss},
          {"z_loss", chosen.router.z_loss}};
}

// A bias that changes choices: expert e of every layer gets 0.03 (e mod 4).
void set_biases(Transformer& model) {
  for (const auto& [name, tensor] : model.gate_state()) {
    for (std::int64_t e = 0; e < tensor.size(); ++e) {
      tensor.as<float>()[e] = 0.03F * static_cast<float>(e % 4);
    }
  }
}

StepSums run(Transformer& model, const Case& chosen, const Step& step, Stream& stream) {
  set_values(model.params(), chosen.seed);
  set_biases(model);
  for (ParamId id = 0; id < model.params().num_params(); ++id)
    if (model.params().spec(id).init == ParamInit::product)
      model.params().set_guide_share(id, chosen.guide_share);
  model.params().zero_gradients(stream);
  StepSums sums = model.empty_sums();
  for (std::int64_t i = 0; i < chosen.num_micro_batches; ++i) {
    Batch batch = step.micro_batch(i);
    if (chosen.model.dropout.any()) batch.step = masked_step;
    model.forward(batch, stream);
    model.backward(step.loss_tokens, sums, stream);
  }
  require(!model.params().gradient_overflow(stream), Exit::numerical, "a gradient overflowed");
  return sums;
}

void dump(const Case& chosen, const std::filesystem::path& folder) {
  const Step step(chosen);
  const auto write_tokens = [&](const char* name, const std::vector<std::int32_t>& values) {
    write_raw(folder / name, tensor_of(values.data(), {std::ssize(values)}));
  };
  write_tokens("tokens.i32", step.tokens);
  write_tokens("targets.i32", step.targets);
  write_tokens("positions.i32", step.positions);

  Stream stream = Stream::cpu(1);
  Mesh mesh = make_mesh(make_single_comm(), 1);
  Transformer::Options options{chosen.vocabulary, chosen.sequence_length, chosen.exact,
                               std::ssize(step.tokens), chosen.num_micro_batches};
  options.mtp_weight = chosen.mtp_weight;
  options.guided = chosen.guide_share > 0;
  Transformer model(chosen.model, chosen.router, options, mesh);
  const StepSums sums = run(model, chosen, step, stream);
  const FixedPoint& format = model.loss_format();
  nlohmann::json description = {
      {"config", describe(chosen)},
      {"tokens_shape", {chosen.num_micro_batches, step.num_sequences, step.sequence_length}},
      {"losses",
       {{"loss", format.value(sums.loss())},
        {"balance_loss", format.value(sums.balance_loss())},
        {"z_loss", format.value(sums.z_loss())}}},
      {"parameters", write_parameters(model.params(), folder, stream)}};
  for (std::size_t module = 0; module < sums.mtp_depth(); ++module) {
    description["losses"]["mtp_loss_" + std::to_string(module)] =
        format.value(sums.mtp_loss(module));
  }
  std::ofstream(folder / "step.json") << description.dump(1) << '\n';
}

}  // namespace
}  // namespace switchyard

int main(int argc, char** argv) {
  try {
    switchyard::require(argc == 3, switchyard::Exit::usage, "dump_model CASE FOLDER");
    switchyard::dump(switchyard::case_named(argv[1]), argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
