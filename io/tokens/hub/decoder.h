// Decoder: how a tokenizer.json makes text of tokens again: ByteLevel, Metaspace, or a Sequence of
// Replace, ByteFallback, Fuse and Strip.
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "io/text/regex.h"
#include "io/tokens/hub/json_part.h"
#include "io/tokens/hub/pattern.h"

namespace switchyard::hub {

class Decoder {
 public:
  // part: the whole file. Errors: Exit::data for a decoder of any other kind, or none.
  explicit Decoder(const JsonPart& part);

  // What a token adds to a text. It may be a part of a character.
  std::string text_of(const std::string& token, bool is_first) const;
  bool first_differs() const { return first_differs_; }
  std::string finished(std::string text) const;  // of all tokens, one behind the other

 private:
  struct Bytes {
    bool visible;  // each spelled by a visible character; otherwise as <0x0A>
  };
  struct Replace {
    Pattern pattern;
    std::string content;
  };
  struct Strip {
    std::string character;
    std::size_t left, right;  // at most this many
  };
  struct Metaspace {
    std::string symbol;
    bool prepended;
  };
  using Step = std::variant<Bytes, Replace, Strip, Metaspace>;

  void add(const JsonPart& part, int depth);
  void add_strip(const JsonPart& part);
  void add_metaspace(const JsonPart& part);
  static std::string apply(const Step& step, std::string text, bool is_first);

  std::vector<Step> of_tokens_, of_text_;
  bool fused_ = false;      // while it is read: what follows works on the text
  bool must_fuse_ = false;  // while it is read: Fuse must come next
  bool first_differs_ = false;
};

}  // namespace switchyard::hub
