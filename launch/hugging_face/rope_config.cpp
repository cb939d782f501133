#include "launch/hugging_face/rope_config.h"

#include <fmt/format.h>

#include <cmath>
#include <tuple>

#include "launch/hugging_face/shortest.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t longest = std::int64_t{1} << 40;  // tokens of a text
constexpr double largest_factor = 1e6;

Json scaling_json(const RopeScaling& rope) {
  if (rope.type == RopeType::none) return {{"rope_type", "default"}};
  Json json = {{"rope_type", name_of(rope.type)},
               {"factor", rope.factor},
               {"original_max_position_embeddings", rope.original_length}};
  if (rope.type == RopeType::llama3) {
    json["low_freq_factor"] = rope.low_frequency_factor;
    json["high_freq_factor"] = rope.high_frequency_factor;
    return json;
  }
  json["beta_fast"] = rope.beta_fast;
  json["beta_slow"] = rope.beta_slow;
  json["truncate"] = rope.truncate;
  if (rope.attention_factor > 0) json["attention_factor"] = rope.attention_factor;
  return json;
}

// g of YaRN (arXiv:2309.00071): how much sharper attention is made for texts longer by `factor`.
double sharpening(double factor, double scale) {
  return factor <= 1 ? 1.0 : 0.1 * scale * std::log(factor) + 1.0;
}

void read_yarn(HubFields& fields, RopeScaling& rope) {
  const double by_model = fields.number("mscale", 0, largest_factor, 0.0),
               by_all = fields.number("mscale_all_dim", 0, largest_factor, 0.0);
  rope.beta_fast = fields.number("beta_fast", 1e-6, largest_factor, 32.0);
  rope.beta_slow = fields.number("beta_slow", 1e-6, largest_factor, 1.0);
  rope.truncate = fields.flag("truncate", true);
  rope.attention_factor = fields.number("attention_factor", 1e-6, largest_factor, 0.0);
  if (rope.attention_factor == 0 && by_model > 0 && by_all > 0)
    rope.attention_factor = sharpening(rope.factor, by_model) / sharpening(rope.factor, by_all);
}

// max_positions: how long texts are if no key says how long they were before scaling.
RopeScaling read_scaling(HubFields& fields, std::int64_t max_positions) {
  const std::string old_name = fields.text("type", "default");
  const std::string type = fields.text("rope_type", old_name);
  fields.must_be("partial_rotary_factor", 1.0, "every element of a head must turn");
  RopeScaling rope;
  if (type == "default") {
    fields.ignore({"factor", "original_max_position_embeddings"});
    return rope;
  }
  if (type != "llama3" && type != "yarn")
    fields.refuse(fields.has("rope_type") ? "rope_type" : "type",
                  "this program scales rotary positions by llama3 and yarn only");
  rope.type = type == "yarn" ? RopeType::yarn : RopeType::llama3;
  rope.original_length =
      fields.integer("original_max_position_embeddings", 1, longest, max_positions);
  const bool by_length = rope.type == RopeType::yarn && !fields.has("factor");
  rope.factor = by_length
                    ? static_cast<double>(max_positions) / static_cast<double>(rope.original_length)
                    : fields.number("factor", 1, largest_factor);
  if (rope.type == RopeType::yarn) {
    read_yarn(fields, rope);
  } else {
    rope.low_frequency_factor = fields.number("low_freq_factor", 1e-6, largest_factor);
    rope.high_frequency_factor = fields.number("high_freq_factor", 1e-6, largest_factor);
  }
  return rope;
}

auto parts_of(const RopeScaling& rope) {
  return std::tuple(rope.type, rope.factor, rope.low_frequency_factor, rope.high_frequency_factor,
                    rope.original_length, rope.beta_fast, rope.beta_slow, rope.attention_factor,
                    rope.truncate);
}

}  // namespace

void add_rope(const ModelConfig& model, Json& json) {
  const Json scaling = scaling_json(model.rope);
  json["rope_theta"] = shortest(model.rope_base);
  if (model.rope.type != RopeType::none) json["rope_scaling"] = scaling;
  json["rope_parameters"] = scaling;
  json["rope_parameters"]["rope_theta"] = shortest(model.rope_base);
}

void read_rope(HubFields& fields, float default_base, ModelConfig& model) {
  const std::int64_t max_positions = fields.integer("max_position_embeddings", 1, longest);
  fields.must_be("partial_rotary_factor", 1.0, "every element of a head must turn");
  HubFields of_4 = fields.object("rope_scaling"), of_5 = fields.object("rope_parameters");
  const RopeScaling old_scaling = read_scaling(of_4, max_positions),
                    scaling = read_scaling(of_5, max_positions);
  const bool has_4 = fields.has("rope_scaling"), has_5 = fields.has("rope_parameters");
  if (has_4 && has_5 && parts_of(old_scaling) != parts_of(scaling))
    fields.refuse("rope_scaling", "rope_parameters says something else");
  model.rope = has_4 ? old_scaling : scaling;
  double base = fields.number("rope_theta", 1, 1e12, default_base);
  for (HubFields* inner : {&of_4, &of_5}) {
    if (!inner->has("rope_theta")) continue;
    const double inner_base = inner->number("rope_theta", 1, 1e12);
    if (fields.has("rope_theta") && inner_base != base)
      fields.refuse("rope_theta", fmt::format("{} has another", inner->where()));
    base = inner_base;
  }
  model.rope_base = static_cast<float>(base);
  of_4.require_all_known();
  of_5.require_all_known();
}

}  // namespace switchyard::hub
