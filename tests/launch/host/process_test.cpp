#include "launch/host/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace switchyard {
namespace process_test {

// A stdin with a line to read, as in a shell's `while read` loop, for as long as the object lives.
class LineOnStdin {
 public:
  LineOnStdin() : before_(dup(STDIN_FILENO)) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    EXPECT_EQ(write(ends[1], "line\n", 5), 5);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
  }
  ~LineOnStdin() {
    dup2(before_, STDIN_FILENO);
    close(before_);
  }
  LineOnStdin(const LineOnStdin&) = delete;
  LineOnStdin& operator=(const LineOnStdin&) = delete;

  bool is_there() const {
    char line[5];
    return read(STDIN_FILENO, line, sizeof line) == 5;
  }

 private:
  int before_;
};

TEST(Process, AStartedProgramLeavesStdinAlone) {
  const LineOnStdin line;
  const pid_t program = start_program({"sh", "-c", "read x && exit 3; exit 4"});
  int code = -1;
  while ((code = wait_for_program(program)) < 0) {
  }
  EXPECT_EQ(code, 4);
  EXPECT_TRUE(line.is_there());
}

TEST(Process, ACapturedProgramLeavesStdinAlone) {
  const LineOnStdin line;
  EXPECT_EQ(run_program({"cat"}, std::chrono::seconds{20}).output, "");
  EXPECT_TRUE(line.is_there());
}

// A supervisor that is killed takes its ranks along.
TEST(Process, AStartedProgramEndsWithItsStarter) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t starter = fork();
  if (starter == 0) {
    const pid_t program = start_program({"sleep", "600"});
    if (write(ends[1], &program, sizeof program) != sizeof program) _exit(1);
    pause();
  }
  pid_t program = 0;
  ASSERT_EQ(read(ends[0], &program, sizeof program), ssize_t{sizeof program});
  EXPECT_EQ(kill(program, 0), 0);
  kill(starter, SIGKILL);
  waitpid(starter, nullptr, 0);
  bool gone = false;
  for (int tries = 0; tries < 1000 && !gone; ++tries) {
    usleep(10'000);
    // Nobody may wait for it here, so it can stay as a zombie.
    const std::string stat = "/proc/" + std::to_string(program) + "/stat";
    char text[256] = {};
    const int file = open(stat.c_str(), O_RDONLY);
    const ssize_t size = file < 0 ? 0 : read(file, text, sizeof text - 1);
    if (file >= 0) close(file);
    gone = size <= 0 || std::string(text).find(") Z") != std::string::npos;
  }
  EXPECT_TRUE(gone);
}

}  // namespace process_test
}  // namespace switchyard
