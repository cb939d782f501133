#include "launch/host/home.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/launch/host/environment_fixture.h"

namespace switchyard {
namespace home_test {

class Home : public EnvironmentTest {};

TEST_F(Home, ReplacesATildeAtTheBeginning) {
  set("HOME", "/home/me");
  EXPECT_EQ(expanded_home("~"), "/home/me");
  EXPECT_EQ(expanded_home("~/a/~"), "/home/me/a/~");
  EXPECT_EQ(expanded_home("a/~"), "a/~");
  EXPECT_EQ(expanded_home("~you/a"), std::nullopt);
}

TEST_F(Home, ReplacesItInOptionsThatAreNoText) {
  set("HOME", "/home/me");
  std::vector<std::string> words = {"program",      "--output=~/a", "--set=run.directory=~/b",
                                    "--prompt=~/c", "~/d",          "--x=a=~/e",
                                    "--",           "--output=~/f"};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  expand_home_in_options(static_cast<int>(arguments.size()), arguments.data());
  EXPECT_EQ(std::vector<std::string>(arguments.begin(), arguments.end()),
            (std::vector<std::string>{"program", "--output=/home/me/a", "--set=run.directory=~/b",
                                      "--prompt=~/c", "~/d", "--x=a=~/e", "--", "--output=~/f"}));
}

}  // namespace home_test
}  // namespace switchyard
