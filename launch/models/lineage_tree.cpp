#include "launch/models/lineage_tree.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <system_error>

#include "io/checkpoint/checkpoint.h"
#include "io/folder/committed_folder.h"
#include "io/prepare/store/document_store.h"
#include "io/text/escape.h"
#include "io/tokens/token_store.h"
#include "launch/hugging_face/hub_source.h"
#include "runtime/comm/comm.h"
#include "runtime/error.h"

namespace switchyard::models {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int deepest = 100;  // generations: a lineage is text that a stranger may have written

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// The licences of a dataset's sources, as its recipe named them.
Json sources_of(const fs::path& dataset) {
  Json sources = Json::array();
  try {
    const prepare::DocumentStore store(dataset);
    const auto count = store.manifest.meta.value("sources", nlohmann::json::array()).size();
    for (std::size_t i = 0; i < count; ++i) {
      const auto source = store.source(static_cast<std::int32_t>(i));
      sources.push_back({{"source", source.name}, {"licence", source.licence}});
    }
  } catch (const Error&) {  // the documents may be gone while the tokens are there
  }
  return sources;
}

Json dataset_node(const Json& dataset) {
  const fs::path folder = text_at(dataset, "folder");
  Json node = {{"folder", folder.string()}, {"hash", text_at(dataset, "hash")}, {"state", "gone"}};
  std::error_code unknown;
  if (folder.empty() || !fs::exists(folder, unknown)) return node;
  try {
    node["state"] = TokenStore(folder).hash() == node["hash"] ? "good" : "changed";
    node["sources"] = sources_of(folder);
  } catch (const Error& error) {
    node["state"] = "damaged";
    node["problem"] = error.what();
  }
  return node;
}

class Walk {
 public:
  explicit Walk(Depth depth) : depth_(depth) {}

  // hash: what a child remembers; empty: nobody does.
  Json node(const fs::path& path, const std::string& hash, int generation) {
    Json node = {{"path", path.string()}};
    if (!hash.empty()) node["hash"] = hash;
    const bool is_hub = hub::is_hub_folder(path);
    if (!is_hub && !is_committed(path)) {
      node["state"] = "gone";
      return node;
    }
    try {
      describe(is_hub ? opened_hub(path) : CheckpointReader(path), hash, generation, node);
    } catch (const Error& error) {
      node["state"] = "damaged";
      node["problem"] = error.what();
    }
    return node;
  }

 private:
  void describe(const CheckpointReader& model, const std::string& hash, int generation,
                Json& node) {
    const bool unread = model.kind() == hub::hub_kind && depth_ == Depth::manifests;
    const std::string digest = unread ? hash : model.digest();
    const auto step = model.known_step();
    node["kind"] = model.kind();
    node["step"] = step ? Json(*step) : Json();
    node["hash"] = digest;
    node["state"] = "good";
    if (!hash.empty() && digest != hash) {
      node["state"] = "changed";
      node["problem"] = fmt::format("its hash was {} when a model was made of it", hash);
    }
    if (const auto problem = problem_of(model)) {
      node["state"] = "damaged";
      node["problem"] = *problem;
    }
    const Json lineage = model.meta().value("lineage", nlohmann::json::object());
    if (text_at(lineage, "kind") == hub::hub_kind && model.kind() != hub::hub_kind)
      node["imported"] = {{"folder", text_at(lineage, "folder")},
                          {"family", text_at(lineage, "family")}};
    node["made_of"] = Json::array();
    node["datasets"] = Json::array();
    for (const Json& parent : lineage.value("parents", Json::array())) {
      if (generation < deepest)
        node["made_of"].push_back(
            this->node(text_at(parent, "path"), text_at(parent, "hash"), generation + 1));
    }
    if (model.meta().contains("dataset"))
      node["datasets"].push_back(dataset_node(model.meta()["dataset"]));
  }

  // A folder of transformers has no manifest: its hash is that of the bytes that it has.
  CheckpointReader opened_hub(const fs::path& path) const {
    if (depth_ == Depth::manifests)
      return hub::open_hub_source({.from = path, .tokenizer = ""}).reader();
    return hub::open_hub_model(path, *make_single_comm());
  }

  std::optional<std::string> problem_of(const CheckpointReader& model) {
    if (depth_ == Depth::manifests || model.kind() == hub::hub_kind) return std::nullopt;
    const auto [place, unknown] = problems_.try_emplace(model.folder(), std::nullopt);
    if (unknown) place->second = verify_checkpoint(model.folder());
    return place->second;
  }

  Depth depth_;
  std::map<fs::path, std::optional<std::string>> problems_;
};

void add_lines(const Json& node, const std::string& indent, std::string& text) {
  const auto step = node.find("step");
  const bool stepped = step != node.end() && step->is_number();
  const std::string kind = text_at(node, "kind"), state = text_at(node, "state"),
                    problem = text_at(node, "problem");
  text += fmt::format("{}{}{}{}{}{}{}\n", indent, kind.empty() ? "" : kind + " ",
                      terminal_text(text_at(node, "path")),
                      stepped ? fmt::format(", step {}", step->get<std::int64_t>()) : "",
                      state == "good" ? "" : ": " + state, problem.empty() ? "" : ": ",
                      terminal_text(problem));
  if (node.contains("imported"))
    text += fmt::format("{}  imported from {}\n", indent,
                        terminal_text(text_at(node["imported"], "folder")));
  for (const Json& dataset : node.value("datasets", Json::array())) {
    const std::string found = text_at(dataset, "state");
    text += fmt::format("{}  trained on {}{}\n", indent, terminal_text(text_at(dataset, "folder")),
                        found == "good" ? "" : ": " + found);
    for (const Json& source : dataset.value("sources", Json::array())) {
      text += fmt::format("{}    source {}: licence {}\n", indent,
                          terminal_text(text_at(source, "source")),
                          terminal_text(text_at(source, "licence")));
    }
  }
  for (const Json& parent : node.value("made_of", Json::array()))
    add_lines(parent, indent + "  ", text);
}

}  // namespace

Json lineage_tree(const fs::path& model, Depth depth) {
  if (!hub::is_hub_folder(model)) CheckpointReader{model};  // what is asked for must be there
  return Walk(depth).node(model, "", 0);
}

std::string lineage_text(const Json& tree) {
  std::string text;
  add_lines(tree, "", text);
  return text;
}

bool tampered(const Json& tree) {
  const std::string state = text_at(tree, "state");
  if (state == "changed" || state == "damaged") return true;
  for (const Json& parent : tree.value("made_of", Json::array())) {
    if (tampered(parent)) return true;
  }
  return false;
}

}  // namespace switchyard::models
