// Filters: quality rules of published corpora, each off until it is named.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::prepare {

// The outcome of a filter: no change, another text, or a reason to drop the document.
struct FilterVerdict {
  std::string reason;  // "" keeps; else the rule in a few words and the number that broke it, such
                       // as "mean word length 2.1 < 3"
  bool changed = false;  // `text` was cut
};

class Filter {
 public:
  virtual ~Filter() = default;
  virtual const char* name() const = 0;
  // May cut `text`. A pure function of it.
  virtual FilterVerdict apply(std::string& text) const = 0;
};

// name: "gopher-quality", "gopher-repetition" (Rae et al. 2021), "c4" (Raffel et al. 2020),
// "c4-no-punctuation" (without the rule that FineWeb switches off), "fineweb" (Penedo et al. 2024).
// Errors: Exit::usage listing the names.
std::unique_ptr<Filter> make_filter(const std::string& name);
std::vector<std::string> filter_names();

}  // namespace switchyard::prepare
