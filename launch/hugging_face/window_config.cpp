#include "launch/hugging_face/window_config.h"

#include <algorithm>
#include <string>
#include <vector>

namespace switchyard::hub {
namespace {

using Json = nlohmann::ordered_json;
using Windows = FamilyTraits::Windows;

constexpr const char* with_window = "sliding_attention";
constexpr const char* without = "full_attention";

bool has_switch(Family family) {
  return family == Family::qwen2_moe || family == Family::qwen3_moe || family == Family::qwen3;
}

bool has_window(const ModelConfig& model, std::int64_t layer) {
  const auto& layers = model.window_layers;
  return model.window > 0 && (layers.empty() || std::ranges::find(layers, layer) != layers.end());
}

// The layers that have a window where layer_types does not say it.
bool windows_by_rule(Family family, std::int64_t layer, std::int64_t max_window_layers) {
  if (family == Family::qwen2_moe) return layer % 2 == 0 && layer < max_window_layers;
  return layer >= max_window_layers;
}

std::vector<std::int64_t> read_layers(HubFields& fields, Family family, std::int64_t num_layers) {
  const std::vector<std::string> types = fields.texts("layer_types");
  constexpr std::int64_t most = 1 << 20;
  const std::int64_t by_class = family == Family::dots1 ? 62 : 28;  // the class's default
  const std::int64_t max_window_layers = fields.integer("max_window_layers", 0, most, by_class);
  if (!types.empty() && std::ssize(types) != num_layers)
    fields.refuse("layer_types", "it must name the attention of each layer");
  std::vector<std::int64_t> layers;
  for (std::int64_t layer = 0; layer < num_layers; ++layer) {
    bool window = windows_by_rule(family, layer, max_window_layers);
    if (!types.empty()) {
      const std::string& type = types[static_cast<std::size_t>(layer)];
      window = type == with_window;
      if (!window && type != without)
        fields.refuse("layer_types", "this program has full_attention and sliding_attention");
    }
    if (window) layers.push_back(layer);
  }
  return layers;
}

}  // namespace

void add_window(Family family, const ModelConfig& model, Json& json) {
  const Windows windows = traits_of(family).windows;
  if (windows == Windows::none) return;
  const bool any = model.window > 0;
  json["sliding_window"] = any ? Json(model.window) : Json(nullptr);
  if (has_switch(family)) json["use_sliding_window"] = any;
  if (windows == Windows::everywhere) {
    // Earlier versions of transformers give a window to the layers from this one on.
    if (family == Family::qwen3_moe) json["max_window_layers"] = any ? 0 : model.num_layers;
    return;
  }
  json["max_window_layers"] = model.num_layers;
  if (!any) return;
  for (std::int64_t layer = 0; layer < model.num_layers; ++layer)
    json["layer_types"].push_back(has_window(model, layer) ? with_window : without);
}

void read_window(HubFields& fields, Family family, ModelConfig& model) {
  const Windows windows = traits_of(family).windows;
  constexpr std::int64_t most = std::int64_t{1} << 40;
  if (windows == Windows::none) {
    fields.must_be("use_sliding_window", false, "the family has no window");
    fields.must_be("sliding_window", nullptr, "the family has no window");
    return;
  }
  const bool on = !has_switch(family) || fields.flag("use_sliding_window", false);
  const std::int64_t window = fields.integer("sliding_window", 0, most, 0);
  if (windows == Windows::everywhere) {
    if (on && window > 0 && fields.integer("max_window_layers", 0, most, 0) > 0)
      fields.refuse("max_window_layers",
                    "versions of transformers disagree about the layers that have a window; "
                    "only 0, every layer, is clear");
    fields.ignore({"max_window_layers"});
    model.window = on ? window : 0;
    return;
  }
  const std::vector<std::int64_t> layers = read_layers(fields, family, model.num_layers);
  if (!on || layers.empty()) {
    const std::vector<std::string> types = fields.texts("layer_types");
    if (std::ranges::find(types, with_window) != types.end())
      fields.refuse("layer_types", "use_sliding_window is false");
    return;
  }
  if (window == 0) {
    if (!fields.texts("layer_types").empty())
      fields.refuse("layer_types", "sliding_window says no window");
    return;
  }
  model.window = window;
  if (std::ssize(layers) < model.num_layers) model.window_layers = layers;
}

}  // namespace switchyard::hub
