// A test that sets environment variables and puts the old values back.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

namespace switchyard {

class EnvironmentTest : public testing::Test {
 protected:
  // An empty value unsets the variable.
  void set(const std::string& name, const std::string& value) {
    const char* before = std::getenv(name.c_str());
    before_.try_emplace(name, before == nullptr ? "" : before);
    apply(name, value);
  }
  ~EnvironmentTest() override {
    for (const auto& [name, value] : before_) apply(name, value);
  }

 private:
  static void apply(const std::string& name, const std::string& value) {
    value.empty() ? unsetenv(name.c_str()) : setenv(name.c_str(), value.c_str(), 1);
  }
  std::map<std::string, std::string> before_;
};

}  // namespace switchyard
