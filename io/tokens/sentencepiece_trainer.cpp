#include <sentencepiece_trainer.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "io/tokens/tokenizer.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

// The trainer numbers the characters of a word: from 2^15 on the shifts of its numbers overflow and
// it reads wild memory, from 2^16 on it ends the process.
constexpr std::size_t longest_word = std::size_t{1} << 15;
// The trainer passes over each line that holds this character, which it keeps for itself.
constexpr std::string_view reserved_character = "\xE2\x96\x85";

// Where to cut a line so that no word of it is too long; its size if none is. Words as the trainer
// splits them: each begins with its spaces, which it writes as U+2581.
std::size_t end_of_whole_words(std::string_view line) {
  if (line.size() <= longest_word) return line.size();
  constexpr std::string_view escaped_space = "\xE2\x96\x81";
  bool within_spaces = true;
  for (std::size_t i = 0, length = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0U) == 0x80) continue;  // within a character
    const bool is_space = line[i] == ' ' || line.substr(i).starts_with(escaped_space);
    if (is_space && !within_spaces) length = 0;
    within_spaces = is_space;
    if (++length > longest_word) return i;
  }
  return line.size();
}

// Hands the trainer the lines of all documents, each with its newline, so that no line of text is
// too long for it and newlines get pieces of their own.
class Lines : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(const std::vector<std::string>& documents) : documents_(documents) { Next(); }

  bool done() const override { return done_; }
  const std::string& value() const override { return line_; }
  sentencepiece::util::Status status() const override { return {}; }

  void Next() override {
    while (rest_.empty() && document_ < documents_.size()) rest_ = documents_[document_++];
    done_ = rest_.empty();
    if (done_) return;
    const std::size_t newline = rest_.find('\n');
    std::string_view line = rest_.substr(0, newline == std::string::npos ? newline : newline + 1);
    const std::size_t reserved = line.find(reserved_character);
    line = line.substr(0, reserved);
    line = line.substr(0, end_of_whole_words(line));
    line_ = line;
    rest_.remove_prefix(line.size());
    if (line.size() == reserved) rest_.remove_prefix(reserved_character.size());
  }

 private:
  const std::vector<std::string>& documents_;
  std::size_t document_ = 0;  // the next one
  std::string_view rest_;     // of the one before it
  std::string line_;
  bool done_ = false;
};

}  // namespace

std::string train_sentencepiece(const std::vector<std::string>& documents, int vocabulary) {
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", "bpe"},
      {"vocab_size", std::to_string(vocabulary)},
      {"hard_vocab_limit", "false"},  // a little text gives fewer pieces
      {"character_coverage", "0.9995"},
      {"byte_fallback", "true"},
      {"num_threads", "1"},
      {"max_sentence_length", std::to_string(1 << 30)},
      // Text comes back as it went in.
      {"normalization_rule_name", "identity"},
      {"add_dummy_prefix", "false"},
      {"remove_extra_whitespaces", "false"},
      {"allow_whitespace_only_pieces", "true"},
      {"split_digits", "true"},
      {"unk_id", "0"},
      {"bos_id", "1"},
      {"bos_piece", "<document>"},
      {"eos_id", "-1"},
      {"pad_id", "-1"},
      {"minloglevel", "2"},
  };
  Lines lines(documents);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(options, &lines, &model);
  require(status.ok(), Exit::usage,
          "SentencePiece cannot make a vocabulary of {} from this text: choose a larger one if the "
          "text has more different characters than fit beside the 256 bytes ({})",
          vocabulary, status.ToString());
  return model;
}

}  // namespace switchyard
