#include "launch/run/run_directory.h"

#include "tests/io/scratch.h"

namespace switchyard {
namespace run_directory_test {

TEST(RunDirectory, ReadsBackItsState) {
  const Scratch scratch;
  const RunDirectory run(scratch.path());
  EXPECT_EQ(run.read_state().status, "");
  run.write_state({"stopped", 2, 7, 10, "step-00000007-a0002", "why"});
  const RunState state = run.read_state();
  EXPECT_EQ(state.status, "stopped");
  EXPECT_EQ(state.attempt, 2);
  EXPECT_EQ(state.step, 7);
  EXPECT_EQ(state.problem, "why");
}

TEST(RunDirectory, NamesFileAndKeyOfAValueOfAnotherType) {
  const Scratch scratch;
  const RunDirectory run(scratch.path());
  put_contents(scratch / "state.json", R"({"status": "done", "attempt": "first"})");
  put_contents(scratch / "failures.json", R"({"step": 3, "count": -1})");
  const Thrown state = thrown_by([&] { run.read_state(); });
  EXPECT_EQ(state.code, Exit::data);
  EXPECT_NE(state.message.find("state.json: 'state.attempt' is not"), std::string::npos)
      << state.message;
  const Thrown failures = thrown_by([&] { run.read_failures(); });
  EXPECT_EQ(failures.code, Exit::data);
  EXPECT_NE(failures.message.find("failures.json: 'failures.count' is not"), std::string::npos)
      << failures.message;
}

}  // namespace run_directory_test
}  // namespace switchyard
