// Regex: regular expressions in Ruby's syntax, on UTF-8. The one door to Oniguruma, which is the
// engine of Hugging Face's tokenizers too: nothing outside regex.cpp names it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard {

class Regex {
 public:
  struct Match {
    std::size_t begin = 0, end = 0;  // bytes of the text
  };

  // Memory that searches reuse, of any expressions; one search at a time.
  class Scratch {
   public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

   private:
    friend class Regex;
    struct State;
    std::unique_ptr<State> state_;
  };

  // Errors: Exit::data for a pattern that is wrong or longer than 64 KiB.
  explicit Regex(const std::string& pattern);
  ~Regex();
  Regex(Regex&& other) noexcept;

  // The first match that begins at `from` or behind it; it may look at the text before. Requires
  // valid UTF-8, and that a character begins at `from`. Errors: Exit::data if the search goes back
  // more often than a million times and 64 times for each byte of the text: a pattern from a file
  // may take time without bound.
  std::optional<Match> find(std::string_view text, std::size_t from, Scratch& scratch) const;

 private:
  [[noreturn]] void fail_search(std::string_view text, std::size_t from,
                                const std::string& why) const;

  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

std::string regex_version();  // of the library; its tables of Unicode decide what \p{L} matches

}  // namespace switchyard
