#include "launch/suites/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/files/durable.h"
#include "io/files/hash.h"
#include "launch/suites/results.h"
#include "launch/suites/texts.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"
#include "runtime/params/param_spec.h"
#include "train/state/state_names.h"

namespace switchyard::suites {
namespace {

using Json = nlohmann::ordered_json;

constexpr double loss_tolerance = 1e-3, load_tolerance = 0.02;

// A hash of each expert's tensors, from the hashes of their chunks that the manifest has.
void add_experts(const CheckpointReader& checkpoint, Profile& profile) {
  std::map<std::pair<std::string, int>, Hasher> hashers;
  std::map<std::string, const Extent*> extents;  // by name: the order of files does not matter
  for (const FileEntry& file : checkpoint.files()) {
    for (const Extent& extent : file.extents) extents.emplace(extent.name, &extent);
  }
  for (const auto& [name, extent] : extents) {
    const std::size_t slash = name.find('/');
    const std::string kind = name.substr(0, slash);
    if (kind != "value" && kind != "code" && kind != "scale") continue;  // moments
    if (mtp_module_of_state(name) >= 0) continue;                        // inference has none
    const auto part = ExpertPart::of_name(name.substr(slash + 1));
    if (!part) continue;
    Hasher& hasher = hashers[{part->layer, part->expert}];
    const std::string matrix = kind + "." + part->part;
    hasher.add(matrix.data(), std::ssize(matrix));
    for (const ContentHash& hash : extent->chunk_hashes) {
      const std::string hex = hash.hex();
      hasher.add(hex.data(), std::ssize(hex));
    }
  }
  for (const auto& [key, hasher] : hashers) {
    std::vector<std::string>& experts = profile.layers[key.first].experts;
    experts.resize(std::max(experts.size(), static_cast<std::size_t>(key.second) + 1));
    experts[static_cast<std::size_t>(key.second)] = hasher.hex();
  }
}

void add_routers(const CheckpointReader& checkpoint, Profile& profile) {
  for (auto& [name, layer] : profile.layers) {
    const std::string router = "value/" + name + ".router";
    const std::vector<std::string> names = checkpoint.names();
    if (!std::binary_search(names.begin(), names.end(), router)) continue;  // a gate that hashes
    const Shape shape = checkpoint.shape(router);
    std::vector<float> row(static_cast<std::size_t>(shape[1]));
    for (std::int64_t i = 0; i < shape[0]; ++i) {
      checkpoint.read_part(router, i * shape[1], row);
      layer.router.push_back(content_hash(std::as_bytes(std::span(row))).hex());
    }
  }
}

// Where each element of `now` was: nothing unless `now` is `then` in another order.
std::vector<std::size_t> moved(const std::vector<std::string>& now,
                               const std::vector<std::string>& then) {
  if (now == then || !std::ranges::is_permutation(now, then)) return {};
  std::vector<std::size_t> from;
  for (const std::string& one : now) {
    from.push_back(static_cast<std::size_t>(std::ranges::find(then, one) - then.begin()));
  }
  return from;
}

std::string moved_text(const std::vector<std::size_t>& from) {
  std::string text;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] != i) text += fmt::format("{}{} was {}", text.empty() ? "" : ", ", i, from[i]);
  }
  return text;
}

// Total variation distance of the shares.
double distance(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  if (a.size() != b.size()) return 1.0;
  double of_a = 0.0, of_b = 0.0, sum = 0.0;
  for (const std::int64_t count : a) of_a += static_cast<double>(count);
  for (const std::int64_t count : b) of_b += static_cast<double>(count);
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += std::abs(static_cast<double>(a[i]) / of_a - static_cast<double>(b[i]) / of_b);
  }
  return sum / 2.0;
}

void compare_layer(const std::string& name, const LayerProfile& now, const LayerProfile& then,
                   std::vector<std::string>& causes, std::vector<std::string>& effects) {
  const auto experts = moved(now.experts, then.experts), router = moved(now.router, then.router);
  if (experts != router) {
    if (!experts.empty())
      causes.push_back(
          fmt::format("experts of {} have changed places: {}", name, moved_text(experts)));
    if (!router.empty())
      causes.push_back(
          fmt::format("rows of {}.router have changed places: {}", name, moved_text(router)));
  }
  if (now.load.size() != then.load.size()) {
    causes.push_back(fmt::format("{} has {} experts, where the profile has {}", name,
                                 now.load.size(), then.load.size()));
  } else if (experts.empty() && router.empty() && distance(now.load, then.load) > load_tolerance) {
    effects.push_back(fmt::format("{:.1f} % of the choices of {} go to other experts",
                                  100.0 * distance(now.load, then.load), name));
  }
}

void compare_losses(const Profile& now, const Profile& then, std::vector<std::string>& effects) {
  double worst = 0.0, mean_now = 0.0, mean_then = 0.0;
  for (std::size_t i = 0; i < std::min(now.losses.size(), then.losses.size()); ++i) {
    worst = std::max(worst, std::abs(now.losses[i] / then.losses[i] - 1.0));
    mean_now += now.losses[i] / static_cast<double>(now.losses.size());
    mean_then += then.losses[i] / static_cast<double>(now.losses.size());
  }
  if (worst > loss_tolerance || now.losses.size() != then.losses.size()) {
    effects.push_back(fmt::format("the loss on the profile's texts is {:.4f}, where it was {:.4f}",
                                  mean_now, mean_then));
  }
}

}  // namespace

Profile profile_of(SuiteModel& model) {
  Profile profile{model.tokenizer().hash(), model.tokenizer().vocabulary()};
  std::vector<ScoreRequest> requests;
  std::vector<std::size_t> begin;
  for (const std::string& text : profile_texts()) {
    begin.push_back(requests.size());
    for (ScoreRequest& part : parts_of(tokens_of(model.tokenizer(), text), model.max_length())) {
      requests.push_back(std::move(part));
    }
  }
  begin.push_back(requests.size());
  const ScoredTokens scored = model.score(requests, 1.0, /*routes=*/true);
  for (std::size_t i = 0; i + 1 < begin.size(); ++i) {
    double loss = 0.0;
    for (std::size_t request = begin[i]; request < begin[i + 1]; ++request) {
      for (const NextTokenScore& token : scored.of(request))
        loss += static_cast<double>(token.loss);
    }
    profile.losses.push_back(
        loss / static_cast<double>(scored.begin[begin[i + 1]] - scored.begin[begin[i]]));
  }
  const RouteCounts& routes = model.routes();
  const auto experts = static_cast<std::size_t>(routes.num_experts());
  for (std::size_t layer = 0; layer < routes.layers().size(); ++layer) {
    LayerProfile& found = profile.layers[fmt::format("layer{}", routes.layers()[layer])];
    found.load.resize(experts);
    for (std::size_t request = 0; request < requests.size(); ++request) {
      for (std::size_t i = 0; i < experts; ++i) {
        found.load[i] += routes.of(request)[layer * experts + i];
      }
    }
  }
  std::string text;
  on_root(model.ranks(), [&] {  // files are read once
    add_experts(model.checkpoint(), profile);
    add_routers(model.checkpoint(), profile);
    text = json_of(profile).dump();
  });
  return parse_profile(broadcast_text(model.ranks(), text, 0), "the profile");
}

Json json_of(const Profile& profile) {
  Json layers = Json::object();
  for (const auto& [name, layer] : profile.layers) {
    layers[name] = {{"load", layer.load}, {"experts", layer.experts}, {"router", layer.router}};
  }
  return {{"version", 1},
          {"tokenizer", profile.tokenizer},
          {"vocabulary", profile.vocabulary},
          {"losses", profile.losses},
          {"layers", std::move(layers)}};
}

Profile parse_profile(const std::string& text, const std::string& where) {
  try {
    const Json json = Json::parse(text);
    require(json.at("version") == 1, Exit::data, "{} has version {}; this program knows version 1",
            where, json.at("version").dump());
    Profile profile{json.at("tokenizer").get<std::string>(),
                    json.at("vocabulary").get<std::int64_t>(),
                    json.at("losses").get<std::vector<double>>()};
    for (const auto& [name, layer] : json.at("layers").items()) {
      profile.layers[name] = {layer.at("load").get<std::vector<std::int64_t>>(),
                              layer.at("experts").get<std::vector<std::string>>(),
                              layer.at("router").get<std::vector<std::string>>()};
    }
    return profile;
  } catch (const nlohmann::json::exception& problem) {
    fail(Exit::data, "{} is no profile of a model: {}", where, problem.what());
  }
}

Profile read_profile(const std::filesystem::path& path) {
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(path, error);
  const std::filesystem::path file = is_folder ? path / profile_file : path;
  require(
      std::filesystem::is_regular_file(file, error), Exit::usage,
      "there is no profile {}: `switchyard evaluate MODEL --suite FILE --output FOLDER` makes one",
      file.string());
  constexpr std::int64_t largest = 1 << 28;
  return parse_profile(durable::read_file(file, largest), file.string());
}

std::vector<std::string> differences(const Profile& now, const Profile& then) {
  std::vector<std::string> causes, effects;
  if (now.tokenizer != then.tokenizer) {
    causes.push_back(
        fmt::format("the tokenizer is another one, of {} entries, where the profile's "
                    "has {}",
                    now.vocabulary, then.vocabulary));
  }
  compare_losses(now, then, effects);
  for (const auto& [name, layer] : then.layers) {
    const auto found = now.layers.find(name);
    if (found == now.layers.end()) {
      causes.push_back(fmt::format("{} has no experts any more", name));
    } else {
      compare_layer(name, found->second, layer, causes, effects);
    }
  }
  causes.insert(causes.end(), effects.begin(), effects.end());
  return causes;
}

}  // namespace switchyard::suites
