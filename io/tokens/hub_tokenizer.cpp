#include <fmt/core.h>

#include <map>
#include <mutex>

#include "io/files/hash.h"
#include "io/text/escape.h"
#include "io/text/unicode.h"
#include "io/tokens/hub/added_tokens.h"
#include "io/tokens/hub/bpe.h"
#include "io/tokens/hub/decoder.h"
#include "io/tokens/hub/hub_file.h"
#include "io/tokens/hub/json_part.h"
#include "io/tokens/hub/normalizer.h"
#include "io/tokens/hub/pre_tokenizer.h"
#include "io/tokens/hub/vocabulary.h"
#include "io/tokens/tokenizer.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

using hub::JsonPart;
using nlohmann::json;
using Ids = std::vector<std::int32_t>;

// What a post-processor adds is not part of a text: the boundary is the loader's.
void check_post_processor(const JsonPart& part, int depth) {
  const std::string type = part.type();
  if (type == "Sequence" && depth < hub::deepest_sequence) {
    for (const JsonPart& step : part.items("processors")) check_post_processor(step, depth + 1);
  } else if (type != "TemplateProcessing" && type != "ByteLevel") {
    part.refuse(
        fmt::format("it is a {}; Switchyard knows TemplateProcessing, ByteLevel and Sequence",
                    terminal_text(shortened(type, 100))));
  }
}

class HubTokenizer : public Tokenizer {
 public:
  explicit HubTokenizer(const std::string& text) : HubTokenizer(text, hub::parse_hub_file(text)) {}

  std::string kind() const override { return "huggingface"; }
  std::int64_t vocabulary() const override { return std::ssize(pieces_); }
  std::int32_t boundary() const override { return boundary_; }
  bool puts_boundary_first() const override { return puts_boundary_first_; }
  std::int32_t unknown() const override { return bpe_->unknown(); }
  std::int32_t special(const std::string& name) const override {
    const auto token = special_.find(name);
    return token == special_.end() ? -1 : token->second;
  }
  std::string hash() const override { return hash_; }
  std::string serialized() const override { return serialized_; }

  Ids encode(std::string_view text) const override {
    std::string repaired(text);
    repair_utf8(repaired);
    Ids ids;
    const std::unique_lock lock(kept_->mutex, std::try_to_lock);
    if (lock.owns_lock()) {
      encode(repaired, *kept_, ids);
    } else {
      Scratch scratch;  // another thread has the other one
      encode(repaired, scratch, ids);
    }
    return ids;
  }

  std::string decode(std::span<const std::int32_t> tokens) const override {
    std::string text;
    bool is_first = true;
    for (const std::int32_t token : tokens) {
      if (token < 0 || token >= vocabulary()) continue;
      const auto place = static_cast<std::size_t>(token);
      if (is_silent_[place]) continue;
      const std::string* first =
          is_first && !first_pieces_.empty() ? &first_pieces_[place] : nullptr;
      text += first != nullptr ? *first : pieces_[place];
      is_first = false;
    }
    return decoder_->finished(std::move(text));
  }

 private:
  struct Scratch {
    std::mutex mutex;
    Regex::Scratch regex;
    hub::WordCache words;
  };

  HubTokenizer(const std::string& text, const hub::HubFile& file)
      : serialized_(text), puts_boundary_first_(hub::puts_token_first(file)) {
    const json parsed = hub::parse_tokenizer_json(file.tokenizer);
    const JsonPart part(parsed, "");
    part.allow({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                "post_processor", "decoder", "model"});
    check_model(part.at("model"));
    if (part.has("post_processor")) check_post_processor(part.at("post_processor"), 0);
    if (part.has("normalizer")) normalizer_ = hub::Normalizer(part.at("normalizer"));
    if (part.has("pre_tokenizer")) pre_tokenizer_ = hub::PreTokenizer(part.at("pre_tokenizer"));
    decoder_.emplace(part);
    const hub::Vocabulary vocabulary(part);
    boundary_ = vocabulary.id_of(file.boundary);
    require(boundary_ >= 0, Exit::data, "the vocabulary has no token '{}' to start documents with",
            terminal_text(shortened(file.boundary, 100)));
    bpe_.emplace(part.at("model"), vocabulary, pre_tokenizer_.byte_level(), boundary_);
    add_added_tokens(vocabulary, file.parses_special_tokens);
    add_pieces(vocabulary);
    hash_ = hash_of(parsed, file.parses_special_tokens);
  }

  static void check_model(const JsonPart& model) {
    const std::string type = model.has("type") ? model.type() : "BPE";  // older files do not say
    if (type != "BPE")
      model.refuse(
          fmt::format("it is a {}; Switchyard knows BPE", terminal_text(shortened(type, 100))));
  }

  void add_added_tokens(const hub::Vocabulary& vocabulary, bool parses_special_tokens) {
    for (const bool special : {true, false}) {
      for (const hub::AddedToken& token : vocabulary.added()) {
        if (token.special != special) continue;
        const bool stays_text = token.id == boundary_ || (token.special && !parses_special_tokens);
        if (!token.normalized) {
          raw_tokens_.add(token.text, token, stays_text);
          continue;
        }
        const std::string pattern = normalizer_.apply(token.text, kept_->regex);
        require(!pattern.empty(), Exit::data,
                "the normalizer leaves nothing of the added token '{}'",
                terminal_text(shortened(token.text, 100)));
        normalized_tokens_.add(pattern, token, stays_text);
      }
    }
  }

  void add_pieces(const hub::Vocabulary& vocabulary) {
    const auto size = static_cast<std::size_t>(vocabulary.size());
    pieces_.resize(size);
    is_silent_.assign(size, true);
    if (decoder_->first_differs()) first_pieces_.resize(size);
    for (std::int32_t id = 0; id < vocabulary.size(); ++id) {
      const auto place = static_cast<std::size_t>(id);
      const std::string* token = vocabulary.text_of(id);
      if (token == nullptr || id == boundary_ || id == bpe_->unknown()) continue;
      is_silent_[place] = false;
      pieces_[place] = decoder_->text_of(*token, false);
      if (decoder_->first_differs()) first_pieces_[place] = decoder_->text_of(*token, true);
    }
    for (const hub::AddedToken& token : vocabulary.added()) {
      if (!token.special) continue;
      is_silent_[static_cast<std::size_t>(token.id)] = true;
      special_.emplace(token.text, token.id);
    }
  }

  // Of what decides ids.
  std::string hash_of(const json& parsed, bool parses_special_tokens) const {
    const json& model = parsed.at("model");
    const JsonPart flags(model, "model");
    json merges = json::array();
    for (const json& merge : model.at("merges")) {
      if (merge.is_array()) {
        merges.push_back(merge);
        continue;
      }
      const auto both = merge.get<std::string>();
      merges.push_back({both.substr(0, both.find(' ')), both.substr(both.find(' ') + 1)});
    }
    const json decisive = {{"normalizer", parsed.value("normalizer", json())},
                           {"pre_tokenizer", parsed.value("pre_tokenizer", json())},
                           {"added_tokens", parsed.value("added_tokens", json())},
                           {"vocab", model.at("vocab")},
                           {"merges", std::move(merges)},
                           {"fuse_unk", flags.flag("fuse_unk", false)},
                           {"byte_fallback", flags.flag("byte_fallback", false)},
                           {"ignore_merges", flags.flag("ignore_merges", false)},
                           {"unknown", unknown()},
                           {"boundary", boundary_},
                           {"parses_special_tokens", parses_special_tokens}};
    return content_hash(decisive.dump()).hex();
  }

  void encode(std::string_view text, Scratch& scratch, Ids& ids) const {
    const auto take_token = [&](std::int32_t id) { ids.push_back(id); };
    raw_tokens_.cut(
        text, scratch.regex,
        [&](std::size_t begin, std::size_t end) {
          encode_raw(text.substr(begin, end - begin), begin == 0, scratch, ids);
        },
        take_token);
  }

  void encode_raw(std::string_view text, bool at_start, Scratch& scratch, Ids& ids) const {
    std::string changed;
    if (!normalizer_.changes_nothing()) text = changed = normalizer_.apply(text, scratch.regex);
    const auto take_word = [&](std::string_view word) { bpe_->encode(word, scratch.words, ids); };
    normalized_tokens_.cut(
        text, scratch.regex,
        [&](std::size_t begin, std::size_t end) {
          pre_tokenizer_.cut(text.substr(begin, end - begin), at_start && begin == 0, scratch.regex,
                             take_word);
        },
        [&](std::int32_t id) { ids.push_back(id); });
  }

  std::string serialized_, hash_;
  std::map<std::string, std::int32_t> special_;
  bool puts_boundary_first_;
  hub::Normalizer normalizer_;
  hub::PreTokenizer pre_tokenizer_;
  std::optional<hub::Bpe> bpe_;
  std::optional<hub::Decoder> decoder_;
  hub::AddedTokens raw_tokens_, normalized_tokens_;
  std::int32_t boundary_ = 0;
  std::vector<std::string> pieces_;        // what each id adds to decoded text
  std::vector<std::string> first_pieces_;  // and as the first, where that differs
  std::vector<bool> is_silent_;            // adds nothing, wherever it is
  std::unique_ptr<Scratch> kept_ = std::make_unique<Scratch>();
};

}  // namespace

std::unique_ptr<Tokenizer> make_hub_tokenizer(const std::string& serialized) {
  return std::make_unique<HubTokenizer>(serialized);
}

}  // namespace switchyard
