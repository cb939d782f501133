#include "launch/host/slurm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace switchyard {
namespace slurm_test {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* sinfo = "main*|4000\nbig|256000\nmain*|8000\nbig|512000\nodd|many\n";

TEST(NodeMemory, OfTheDefaultPartition) {
  EXPECT_THAT(node_memory_from(sinfo, ""), ElementsAre(4000, 8000));
}

TEST(NodeMemory, OfTheOneThatIsNamed) {
  EXPECT_THAT(node_memory_from(sinfo, "main"), ElementsAre(4000, 8000));
  EXPECT_THAT(node_memory_from(sinfo, "big"), ElementsAre(256000, 512000));
}

TEST(NodeMemory, NothingWhereSlurmSaysNothing) {
  EXPECT_THAT(node_memory_from(sinfo, "nowhere"), IsEmpty());
  EXPECT_THAT(node_memory_from(sinfo, "odd"), IsEmpty());
  EXPECT_THAT(node_memory_from("", ""), IsEmpty());
}

namespace fs = std::filesystem;

// Slurm's commands, as scripts that are found before those of the system.
class RequeueJob : public testing::Test {
 protected:
  RequeueJob() {
    fs::create_directories(folder_);
    setenv("PATH", (folder_.string() + ":" + path_).c_str(), 1);
  }
  ~RequeueJob() override {
    setenv("PATH", path_.c_str(), 1);
    fs::remove_all(folder_);
  }
  void answer(const std::string& command, const std::string& text, int code) {
    std::ofstream(folder_ / command) << "#!/bin/sh\necho '" << text << "'\nexit " << code << "\n";
    fs::permissions(folder_ / command, fs::perms::owner_all);
  }

 private:
  const std::string path_ = getenv("PATH");
  const fs::path folder_ = fs::path(testing::TempDir()) / "requeue_job_test";
};

TEST_F(RequeueJob, ARefusalIsFollowedByTheNextLink) {
  answer("scontrol", "Requested operation is presently disabled for job 7", 1);
  answer("sbatch", "8", 0);
  EXPECT_THAT(requeue_job("7", "job.sh"), HasSubstr("so job 8 continues after it"));
}

TEST_F(RequeueJob, WhatSlurmPutBackItselfHasNoSecondJob) {
  answer("scontrol", "Job is pending execution for job 7", 1);
  answer("sbatch", "8", 0);
  EXPECT_THAT(requeue_job("7", "job.sh"), HasSubstr("job 7 is back in the queue"));
}

}  // namespace slurm_test
}  // namespace switchyard
