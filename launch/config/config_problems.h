// ConfigProblems: what is wrong with a config, so that one error says all of it.
#pragma once

#include <string>
#include <vector>

#include "runtime/error.h"

namespace switchyard {

class ConfigProblems {
 public:
  // Does the work, and keeps the error of usage that it throws.
  template <class Work>
  void note(Work work) {
    try {
      work();
    } catch (const Error& error) {
      if (error.code() != Exit::usage) throw;
      problems_.emplace_back(error.what());
    }
  }
  // Errors: Exit::usage, with a line for each problem, if there is any.
  void report() const {
    if (problems_.empty()) return;
    if (problems_.size() == 1) throw Error(Exit::usage, problems_.front());
    std::string text = fmt::format("the config has {} mistakes:", problems_.size());
    for (const std::string& problem : problems_) text += "\n  " + problem;
    throw Error(Exit::usage, text);
  }

 private:
  std::vector<std::string> problems_;
};

}  // namespace switchyard
