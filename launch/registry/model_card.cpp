#include "launch/registry/model_card.h"

#include <fmt/format.h>

#include <iterator>

#include "io/text/escape.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

// As card.json has it, so that a reader finds it there.
std::string value_text(const Json& value) {
  if (value.is_null()) return "unknown";
  return markdown_text(value.is_string() ? value.get<std::string>() : value.dump());
}

class Card {
 public:
  Card(const std::string& name, const Json& facts) : name_(name), facts_(facts) {}

  std::string markdown() {
    add("# {}\n\nA mixture-of-experts language model, packaged by `switchyard publish`. Every "
        "number below is in\n`card.json`, `results.json` or `drift.json` beside this file; "
        "`SHA256SUMS` covers all of them.\n",
        markdown_text(name_));
    add_table("Model", "model");
    add_training();
    add_lineage();
    add_results();
    add_table("Drift profile", "profile");
    add_use();
    return std::move(out_);
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void add_rows(const Json& object) {
    add("\n| | |\n|---|---|\n");
    for (const auto& [key, value] : object.items()) {
      if (!value.is_structured()) add("| {} | {} |\n", words(key), value_text(value));
    }
  }

  // "active_parameters" -> "active parameters"
  static std::string words(std::string key) {
    for (char& c : key) c = c == '_' ? ' ' : c;
    return markdown_text(key);
  }

  void add_table(const char* title, const char* key) {
    if (!facts_.contains(key)) return;
    add("\n## {}\n", title);
    add_rows(facts_[key]);
  }

  void add_training() {
    add_table("Training", "training");
    const Json training = facts_.value("training", Json::object());
    if (!training.contains("energy")) {
      add("\nThe energy of the training is not known.\n");
      return;
    }
    const Json& energy = training["energy"];
    add("\nEnergy, {}:\n", energy.value("stated", false)
                               ? "stated by the config rather than measured"
                               : "as the processors' counters say, which leave out memory, "
                                 "disks, network and GPUs");
    add_rows(energy);
  }

  void add_lineage() {
    add("\n## Data and parents\n\n");
    add_node(facts_.value("lineage", Json::object()), "");
  }

  void add_node(const Json& node, const std::string& indent) {
    for (const Json& dataset : node.value("datasets", Json::array())) {
      add("{}- trained on the dataset with the hash {}\n", indent,
          value_text(dataset.value("hash", Json())));
      for (const Json& source : dataset.value("sources", Json::array()))
        add("{}  - source {}: licence {}\n", indent, value_text(source.value("source", Json())),
            value_text(source.value("licence", Json())));
      if (!dataset.contains("sources"))
        add("{}  - its sources and licences are unknown: it was gone\n", indent);
    }
    for (const Json& parent : node.value("made_of", Json::array())) {
      add("{}- made of {} with the hash {}, step {}\n", indent,
          value_text(parent.value("path", Json())), value_text(parent.value("hash", Json())),
          value_text(parent.value("step", Json())));
      add_node(parent, indent + "  ");
    }
  }

  void add_results() {
    add("\n## Evaluation\n");
    const Json results = facts_.value("results", Json::object());
    if (results.empty()) {
      add("\nNo suite was run.\n");
      return;
    }
    add("\nThe suite {}:\n\n| figure | value | 95 % interval | cases |\n|---|---:|---:|---:|\n",
        value_text(results.value("suite", Json())));
    const Json tasks = results.value("tasks", Json::object());
    for (const auto& [task, result] : tasks.items()) {
      const Json figures = result.value("figures", Json::object());
      for (const auto& [name, figure] : figures.items()) add_figure(task + "." + name, figure);
    }
    const Json gates = results.value("gates", Json::array());
    if (gates.empty()) return;
    add("\n| gate | verdict when it was published |\n|---|---|\n");
    for (const Json& gate : gates)
      add("| {} {} | {} |\n", value_text(gate.value("figure", Json())),
          value_text(gate.value("condition", Json())), value_text(gate.value("verdict", Json())));
  }

  void add_figure(const std::string& name, const Json& figure) {
    const Json interval = figure.value("interval", Json::array());
    add("| {} | {} | {} | {} |\n", markdown_text(name), value_text(figure.value("value", Json())),
        interval.size() == 2 ? value_text(interval[0]) + " to " + value_text(interval[1]) : "",
        value_text(figure.value("cases", Json())));
  }

  void add_use() {
    add(R"(
## Use

| to | run |
|---|---|
| check every byte | `sha256sum -c SHA256SUMS` |
| continue a text | `switchyard sample THIS-FOLDER --prompt TEXT` |
| measure it | `switchyard evaluate THIS-FOLDER --dataset DATASET` |
| train on from it | `switchyard train CONFIG --set train.initial=THIS-FOLDER` |
| see whether new text is still like its own | `switchyard drift THIS-FOLDER TEXTS` |

## Limits

The model continues text. It was not made to follow instructions or to refuse any, and what it says may be wrong, offensive or
somebody's personal data, as its training text may be. What no table above measures was not measured.
)");
  }

  const std::string& name_;
  const Json& facts_;
  std::string out_;
};

}  // namespace

std::string model_card(const std::string& name, const Json& facts) {
  return Card(name, facts).markdown();
}

}  // namespace switchyard
