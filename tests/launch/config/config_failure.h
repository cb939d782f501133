// For tests of configs: what is said of one that is wrong.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "launch/config/config.h"
#include "runtime/error.h"

namespace switchyard::config_failure {

// What the work's usage error says; "no error" if it throws none.
inline std::string failure(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    return error.what();
  }
  return "no error";
}

inline std::string failure_of(const std::string& text) {
  return failure([&] {
    Config config;
    apply_toml(config, text, "my.toml");
  });
}

inline Config with(const std::vector<std::string>& sets) { return load_config({{}, {}, sets}); }

}  // namespace switchyard::config_failure
