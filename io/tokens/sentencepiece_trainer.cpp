#include <sentencepiece_trainer.h>

#include <algorithm>
#include <unordered_map>

#include "io/tokens/tokenizer.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

// Hands the trainer the lines of all documents, each with its newline, so that no line of text is
// too long for it and newlines get pieces of their own.
class Lines : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(const std::vector<std::string>& documents) : documents_(documents) { Next(); }

  bool done() const override { return done_; }
  const std::string& value() const override { return line_; }
  sentencepiece::util::Status status() const override { return {}; }

  void Next() override {
    while (document_ < documents_.size() && begin_ >= documents_[document_].size()) {
      ++document_;
      begin_ = 0;
    }
    done_ = document_ == documents_.size();
    if (done_) return;
    const std::string& text = documents_[document_];
    const std::size_t newline = text.find('\n', begin_);
    const std::size_t end = newline == std::string::npos ? text.size() : newline + 1;
    line_.assign(text, begin_, end - begin_);
    begin_ = end;
  }

 private:
  const std::vector<std::string>& documents_;
  std::size_t document_ = 0, begin_ = 0;
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
          "SentencePiece cannot make a vocabulary of {} from this text: {}", vocabulary,
          status.ToString());
  return model;
}

}  // namespace switchyard
