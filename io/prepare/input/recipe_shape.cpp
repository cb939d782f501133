#include "io/prepare/input/recipe_shape.h"

#include <algorithm>

#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

// A quote opens a string of one line: where it ends. Between double quotes a backslash hides one.
std::size_t end_of_string(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  std::size_t i = begin + 1;
  while (i < text.size() && text[i] != quote && text[i] != '\n') {
    i += quote == '"' && text[i] == '\\' ? 2 : 1;
  }
  return std::min(text.size(), i + 1);
}

class ShapeCheck {
 public:
  ShapeCheck(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  void run() {
    constexpr std::string_view mark = "\xEF\xBB\xBF";  // of the byte order
    for (std::size_t i = text_.starts_with(mark) ? mark.size() : 0; i < text_.size();) {
      const char c = text_[i];
      if (c == '#') {
        i = std::min(text_.size(), text_.find('\n', i));
      } else {
        i = c == '"' || c == '\'' ? pass_string(i) : pass(c, i);
        const char last = text_[i - 1];
        if (last > ' ' || (last == '\n' && depth_ == 0)) previous_ = last;
      }
    }
  }

 private:
  static constexpr std::string_view header_ = "[[source]]";
  static constexpr int max_dots_ = 100;

  // Both return where they end.
  std::size_t pass_string(std::size_t i) const {
    const bool is_value = previous_ == '=' || previous_ == '[' || previous_ == ',';
    if (!is_value) refuse(i, "a string must follow '=' or be in a list");
    const std::string_view rest = text_.substr(i);
    const bool is_long = rest.starts_with("\"\"\"") || rest.starts_with("'''");
    if (is_long) refuse(i, "a string must be on one line, between single quotes or double ones");
    return end_of_string(text_, i);
  }

  std::size_t pass(char c, std::size_t i) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      refuse(i, "only strings and comments may hold more than ASCII");
    }
    if (c == '{') refuse(i, "a recipe has no inline tables");
    if (c == '[' && depth_ == 0 && previous_ != '=') {
      const bool is_source = text_.substr(i).starts_with(header_);
      if (!is_source) {
        refuse(i,
               "the only table of a recipe is [[source]]; weights of sources are in the training "
               "config, as data.weights.NAME");
      }
      return i + header_.size();
    }
    if (c == '[') ++depth_;
    if (c == ']') depth_ = std::max(0, depth_ - 1);
    if (c == '.' && ++num_dots_ > max_dots_) refuse(i, "the keys of a recipe have no dots");
    return i + 1;
  }

  [[noreturn]] void refuse(std::size_t i, const char* why) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + i, '\n');
    fail(Exit::usage, "{}:{}: {}", name_, line, why);
  }

  std::string_view text_;
  const std::string& name_;
  char previous_ = '\n';  // white space aside, except the end of a line outside lists
  int depth_ = 0;         // of lists
  int num_dots_ = 0;
};

}  // namespace

void check_recipe_shape(std::string_view text, const std::string& name) {
  ShapeCheck(text, name).run();
}

}  // namespace switchyard::prepare
