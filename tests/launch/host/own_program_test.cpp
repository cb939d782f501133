#include "launch/host/own_program.h"

#include "tests/launch/host/environment_fixture.h"

namespace switchyard {
namespace own_program_test {

using OwnProgram = EnvironmentTest;

TEST_F(OwnProgram, TheSiteFileCanBeNamed) {
  set("SWITCHYARD_SITE", "/somewhere/site.toml");
  EXPECT_EQ(site_file(), "/somewhere/site.toml");
}

TEST_F(OwnProgram, WithoutASiteFileThereIsNone) {
  set("SWITCHYARD_SITE", "");
  set("HOME", "/nowhere");
  EXPECT_FALSE(site_file().has_value());
}

}  // namespace own_program_test
}  // namespace switchyard
