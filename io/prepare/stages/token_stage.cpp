#include "io/prepare/stages/token_stage.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/files/durable.h"
#include "io/files/hash.h"
#include "io/folder/committed_folder.h"
#include "io/prepare/input/tally.h"
#include "io/prepare/stages/tokenizer_choice.h"
#include "io/prepare/words/document.h"
#include "io/prepare/work/spill.h"
#include "io/tokens/token_store.h"
#include "io/tokens/token_writer.h"
#include "runtime/comm/agree.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* splits[] = {"train", "validation"};

// "kept-g000-s001-0002.h5" becomes "train-1f3a5b7c-g000-s001-0002": names of two tokenizers differ.
std::string shard_name(const std::string& split, const Tokenizer& tokenizer,
                       const std::string& kept_file) {
  const std::string place = kept_file.substr(std::string("kept-").size());
  return split + "-" + tokenizer.hash().substr(0, 8) + "-" + fs::path(place).stem().string();
}

class TokenStage {
 public:
  explicit TokenStage(const Run& run)
      : run_(run),
        folder_(run.config.output / tokens_folder),
        documents_(run.config.output),
        learned_(run.work / ("tokenizer-" + content_hash(run.config.tokenizer).hex())) {
    for (const FileEntry& file : documents_.manifest.files) {
      if (file.name.starts_with("kept-")) kept_files_.push_back(file.name);
    }
    if (is_committed(folder_)) {
      manifest_ = open_folder(folder_, tokens_kind, tokens_version);
      for (const json& name : manifest_->meta.at("tokenized")) {
        tokenized_.push_back(name.get<std::string>());
      }
    }
  }

  bool complete(const TokenizerChoice& choice) const {
    return manifest_ && is_the_layers(choice) && tokenized_ == kept_files_;
  }

  void run() {
    choose();
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < kept_files_.size(); ++i) {
      if (std::find(tokenized_.begin(), tokenized_.end(), kept_files_[i]) == tokenized_.end()) {
        missing.push_back(i);
      }
    }
    run_tasks(
        {"tokenize", "B", std::ssize(missing), [&](std::int64_t i) { return bytes_of(missing[i]); },
         [&](std::int64_t i) { return fs::exists(task_file(missing[i])); },
         [&](std::int64_t i, const auto& advance) { tokenize(missing[i], advance); }},
        run_);
    on_root(run_.world, [&] { commit(missing); });
  }

 private:
  // Whether the layer's tokens are of this tokenizer, however it was named or came about.
  bool is_the_layers(const TokenizerChoice& choice) const {
    const json& meta = manifest_->meta;
    return meta.at("recipe").at("tokenizer") == choice.recipe ||
           (choice.existing && meta.at("tokenizer").at("hash") == choice.existing->hash());
  }

  // The tokenizer, the same on all ranks; rank 0 learns it if it is to be learned.
  void choose() {
    TokenizerChoice choice;
    agree(run_.world, [&] {
      choice = choose_tokenizer(run_.config);
      const bool other = manifest_ && !is_the_layers(choice);
      const bool is_known = manifest_ && !other;
      recipe_ = is_known ? manifest_->meta.at("recipe").at("tokenizer").get<std::string>()
                         : choice.recipe;
      require(!other || run_.config.retokenize, Exit::usage,
              "'{}' has tokens of the tokenizer {}: name the same one, or ask for new tokens with "
              "--retokenize",
              run_.config.output.string(),
              other ? manifest_->meta.at("recipe").at("tokenizer").dump() : "");
      if (other) {
        manifest_.reset();
        tokenized_.clear();
      }
    });
    on_root(run_.world, [&] {
      if (choice.existing) return;
      if (manifest_) {
        choice.existing = make_sentencepiece_tokenizer(
            durable::read_file(folder_ / tokenizer_file(manifest_->meta.at("tokenizer").at("hash")),
                               std::int64_t{1} << 30));
      } else if (!fs::exists(learned_)) {
        run_.progress({"learn a vocabulary (from 256 MiB at most, on one core)", "", 0, 0});
        choice.existing =
            learn_tokenizer(choice.vocabulary, documents_, run_.config.validation_fraction);
      }
      if (choice.existing) durable::replace_file(learned_, choice.existing->serialized());
    });
    agree(run_.world, [&] {
      tokenizer_ =
          choice.existing && choice.vocabulary == 0
              ? std::move(choice.existing)
              : make_sentencepiece_tokenizer(durable::read_file(learned_, std::int64_t{1} << 30));
    });
  }

  fs::path task_file(std::size_t shard) const {
    return run_.work / (shard_name("tokens", *tokenizer_, kept_files_[shard]) + ".done");
  }

  std::int64_t bytes_of(std::size_t shard) const {
    const auto file =
        std::find_if(documents_.manifest.files.begin(), documents_.manifest.files.end(),
                     [&](const FileEntry& entry) { return entry.name == kept_files_[shard]; });
    return file->bytes;
  }

  struct Encoded {
    std::vector<std::int32_t> tokens;
    std::int32_t prompt_tokens = 0;
  };

  // No token reaches over the end of a prompt: `sample` encodes a prompt by itself, too.
  Encoded encode(const KeptShard& documents, std::int64_t i) const {
    if (documents_.source(documents.source(i)).prompt_field.empty())
      return {tokenizer_->encode(documents.text(i)), 0};
    const KeptDocument document = documents.document(i);
    const json meta = document.meta.empty() ? json::object() : json::parse(document.meta);
    const auto bytes = std::min(meta.value(prompt_bytes_key, std::size_t{0}), document.text.size());
    const std::string_view text = document.text;
    Encoded encoded{tokenizer_->encode(text.substr(0, bytes)), 0};
    encoded.prompt_tokens = static_cast<std::int32_t>(encoded.tokens.size());
    const std::vector<std::int32_t> rest = tokenizer_->encode(text.substr(bytes));
    encoded.tokens.insert(encoded.tokens.end(), rest.begin(), rest.end());
    return encoded;
  }

  void tokenize(std::size_t shard, const std::function<void(std::int64_t)>& advance) {
    const KeptShard& documents = documents_.kept[shard];
    std::int64_t max_tokens = documents.size();
    for (std::int64_t i = 0; i < documents.size(); ++i) max_tokens += documents.text_bytes(i);
    std::vector<TokenWriter> writers;
    std::int64_t text_bytes[std::size(splits)] = {};
    for (const char* split : splits) {
      const std::string name = shard_name(split, *tokenizer_, kept_files_[shard]);
      fs::remove(folder_ / (name + ".h5"));  // of an attempt that was interrupted
      writers.emplace_back(folder_, name, tokenizer_->vocabulary(), tokenizer_->unknown())
          .reserve(max_tokens);
    }
    for (std::int64_t i = 0; i < documents.size(); ++i) {
      const ContentHash hash = documents.hash(i);
      const bool validation = is_validation(hash, run_.config.validation_fraction);
      const Encoded encoded = encode(documents, i);
      writers[validation].add_document(tokenizer_->boundary(), encoded.tokens, documents.source(i),
                                       hash, encoded.prompt_tokens);
      text_bytes[validation] += documents.text_bytes(i);
      if (i % 64 == 63) advance(bytes_of(shard) * 64 / documents.size());
    }
    documents.release();
    json done = json::object();
    for (std::size_t i = 0; i < writers.size(); ++i) {
      if (writers[i].num_documents() == 0) continue;
      json& split = done[splits[i]];
      split = {{"tokens", writers[i].num_tokens()},
               {"documents", writers[i].num_documents()},
               {"text_bytes", text_bytes[i]}};
      split["file"] = json_of(std::vector<FileEntry>{writers[i].finish()});
      if (writers[i].num_unknown() > 0) split["unknown"] = writers[i].num_unknown();
    }
    done["source"] = documents.size() > 0 ? documents.source(0) : 0;
    SpillWriter out(task_file(shard), 1);
    out.append(0, done.dump());
    out.finish();
  }

  void commit(const std::vector<std::size_t>& missing) {
    Manifest manifest = manifest_ ? *manifest_ : empty_manifest();
    json& meta = manifest.meta;
    for (const std::size_t shard : missing) {
      const json done = json::parse(SpillReader(task_file(shard)).read_partition(0));
      for (const char* split : splits) {
        if (done.contains(split)) add_shard(manifest, split, done);
      }
    }
    const bool is_test_set = run_.config.validation_fraction >= 1.0;
    require(is_test_set || meta.at("splits").at("train").at("documents") != 0, Exit::data,
            "no document is left to train on: {} documents stay, and the validation fraction is {}",
            documents_.num_kept(), run_.config.validation_fraction);
    meta["tokenized"] = kept_files_;
    meta["sources"] = documents_.manifest.meta.at("sources");
    meta["recipe"] = documents_.manifest.meta.at("recipe");
    meta["recipe"]["tokenizer"] = recipe_;
    meta["documents_hash"] = documents_.manifest.meta.at("generations").back().at("hash");
    recommit_folder(folder_, manifest);
    remove_other_files(manifest);
  }

  static void add_shard(Manifest& manifest, const char* split, const json& done) {
    const FileEntry file = files_of(done.at(split).at("file")).front();
    manifest.files.push_back(file);
    json& sum = manifest.meta["splits"][split];
    sum["shards"].push_back(file.name);
    if (done.at(split).contains("unknown")) {
      count_up(manifest.meta, unknown_tokens_key, done.at(split).at("unknown").get<std::int64_t>());
    }
    for (const char* what : {"tokens", "documents"}) {
      sum[what] = sum.at(what).get<std::int64_t>() + done.at(split).at(what).get<std::int64_t>();
    }
    add_to_source(sum, done.at("source").get<std::size_t>(), done.at(split));
    json& of_source = manifest.meta["tokens_of_sources"][done.at("source").get<std::size_t>()];
    of_source = (of_source.is_null() ? 0 : of_source.get<std::int64_t>()) +
                done.at(split).at("tokens").get<std::int64_t>();
  }

  // Drops the counts of a split if some of its shards were written before they were kept.
  static void add_to_source(json& split, std::size_t source, const json& shard) {
    if (!shard.contains("text_bytes")) split.erase("sources");
    if (!split.contains("sources")) return;
    while (split["sources"].size() <= source) {
      split["sources"].push_back({{"tokens", 0}, {"documents", 0}, {"text_bytes", 0}});
    }
    for (auto& [what, count] : split["sources"][source].items()) {
      count = count.get<std::int64_t>() + shard.at(what).get<std::int64_t>();
    }
  }

  Manifest empty_manifest() const {
    Manifest manifest{tokens_kind, tokens_version, {}, json::object()};
    manifest.meta["tokenizer"] = {{"kind", tokenizer_->kind()},
                                  {"vocabulary", tokenizer_->vocabulary()},
                                  {"boundary", tokenizer_->boundary()},
                                  {"hash", tokenizer_->hash()}};
    for (const char* split : splits) {
      manifest.meta["splits"][split] = {
          {"tokens", 0}, {"documents", 0}, {"shards", json::array()}, {"sources", json::array()}};
    }
    manifest.meta["tokens_of_sources"] = json::array();
    if (is_kept_as_file(tokenizer_->kind())) manifest.files.push_back(save_tokenizer());
    return manifest;
  }

  FileEntry save_tokenizer() const {
    const std::string model = tokenizer_->serialized();
    const std::string name = tokenizer_file(tokenizer_->hash());
    durable::replace_file(folder_ / name, model);
    return {name, std::ssize(model), content_hash(model), {}};
  }

  // Removes what another tokenizer or an interrupted attempt left.
  void remove_other_files(const Manifest& manifest) const {
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      const bool named = std::any_of(manifest.files.begin(), manifest.files.end(),
                                     [&](const FileEntry& file) { return file.name == name; });
      const fs::path kind = entry.path().extension();
      if (!named && (kind == ".h5" || kind == ".model")) fs::remove(entry.path());
    }
  }

  const Run& run_;
  fs::path folder_;
  DocumentStore documents_;
  fs::path learned_;  // where rank 0 leaves the tokenizer for the others
  std::vector<std::string> kept_files_, tokenized_;
  std::optional<Manifest> manifest_;  // of the layer as it is
  std::string recipe_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

}  // namespace

bool run_token_stage(const Run& run) {
  std::optional<TokenStage> stage;
  bool complete = false;
  agree(run.world, [&] {
    durable::make_folders(run.config.output / tokens_folder);
    stage.emplace(run);
    complete = stage->complete(choose_tokenizer(run.config));
  });
  if (!complete) stage->run();
  return !complete;
}

}  // namespace switchyard::prepare
