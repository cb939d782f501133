#include "launch/suites/corruption.h"

#include <charconv>
#include <vector>

#include "io/files/hash.h"
#include "io/text/escape.h"
#include "runtime/error.h"
#include "runtime/random.h"

namespace switchyard::suites {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char other_case(char c) { return static_cast<char>(c ^ 0x20); }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

std::string with_typos(std::string_view text, double rate, const Random& random) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hit = is_letter(text[i]) && random.uniform(2 * i) < rate;
    const Philox bits = random.bits(2 * i + 1);
    switch (hit ? bits[0] % 4 : 4) {
      case 0:
        break;  // left out
      case 1:
        out.append(2, text[i]);
        break;
      case 2:
        if (i + 1 < text.size() && is_letter(text[i + 1])) {
          out += text[i + 1];
          out += text[i];
          ++i;
        } else {
          out += text[i];
        }
        break;
      case 3:
        out += static_cast<char>((text[i] & 0x20) | static_cast<int>(0x41 + bits[1] % 26));
        break;
      default:
        out += text[i];
    }
  }
  return out;
}

std::string with_other_case(std::string_view text, double rate, const Random& random) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (is_letter(out[i]) && random.uniform(i) < rate) out[i] = other_case(out[i]);
  }
  return out;
}

std::string shuffled(std::string_view text, const Random& random) {
  std::vector<std::string_view> words, gaps(1);
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool ends = i == text.size() || is_space(text[i]) != is_space(text[begin]);
    if (!ends || i == begin) continue;
    const std::string_view part = text.substr(begin, i - begin);
    if (is_space(part.front())) {
      gaps.back() = part;
    } else {
      words.push_back(part);
      gaps.emplace_back();
    }
    begin = i;
  }
  for (std::size_t i = words.size(); i > 1; --i) {  // Fisher and Yates
    std::swap(words[i - 1], words[random.bits(i)[0] % i]);
  }
  std::string out(gaps.front());
  for (std::size_t i = 0; i < words.size(); ++i) out.append(words[i]).append(gaps[i + 1]);
  return out;
}

}  // namespace

Corruption parse_corruption(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  Corruption found{.name = text};
  bool good = true;
  if (colon != std::string::npos) {
    const char *const begin = text.data() + colon + 1, *const end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(begin, end, found.rate);
    good = problem == std::errc() && rest == end && found.rate > 0.0 && found.rate <= 1.0;
  }
  if (kind == "typos") {
    good &= colon != std::string::npos;
  } else if (kind == "case") {
    found.kind = Corruption::Kind::letter_case;
  } else if (kind == "shuffle") {
    found.kind = Corruption::Kind::shuffle;
    good &= colon == std::string::npos;
  } else {
    good = false;
  }
  require(
      good, Exit::usage,
      "\"{}\" is no corruption: write \"typos:RATE\", \"case\", \"case:RATE\" or \"shuffle\", with "
      "a rate above 0 and at most 1",
      terminal_text(shortened(text, 60)));
  return found;
}

std::string corrupted(std::string_view text, const Corruption& corruption, std::string_view id,
                      std::uint64_t seed) {
  const Random random(seed, Purpose::corruption, content_hash(id).low);
  switch (corruption.kind) {
    case Corruption::Kind::typos:
      return with_typos(text, corruption.rate, random);
    case Corruption::Kind::letter_case:
      return with_other_case(text, corruption.rate, random);
    case Corruption::Kind::shuffle:
      return shuffled(text, random);
  }
  return std::string(text);
}

}  // namespace switchyard::suites
