#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "launch/doctor/node_checks.h"
#include "launch/doctor/storage_checks.h"
#include "tests/io/scratch.h"

namespace switchyard::doctor {
namespace findings_test {

using testing::HasSubstr;
using Verdict = Finding::Verdict;
constexpr std::int64_t gib = std::int64_t{1} << 30;

TEST(Doctor, ASmallSharedMemoryIsWorthAWarningAndNoneIsAFailure) {
  EXPECT_EQ(judge_shared_memory(8 * gib).verdict, Verdict::ok);
  EXPECT_EQ(judge_shared_memory(64 << 20).verdict, Verdict::warn);
  EXPECT_THAT(judge_shared_memory(64 << 20).advice, HasSubstr("--shm-size"));
  EXPECT_EQ(judge_shared_memory(0).verdict, Verdict::fail);
}

TEST(Doctor, OneCoreOfManyIsAWarning) {
  EXPECT_EQ(judge_cores(1, 16, std::nullopt).verdict, Verdict::warn);
  EXPECT_EQ(judge_cores(1, 1, std::nullopt).verdict, Verdict::ok);
  EXPECT_EQ(judge_cores(8, 16, std::nullopt).verdict, Verdict::ok);
  EXPECT_EQ(judge_cores(8, 16, 8.0).verdict, Verdict::ok);
  EXPECT_EQ(judge_cores(8, 16, 1.5).verdict, Verdict::warn);
  EXPECT_EQ(judge_cores(8, 16, 1.5).found, "8 of 16, with a CPU quota of 1.5");
}

TEST(Doctor, AHostNameThatDoesNotResolveIsAWarningInOneLine) {
  EXPECT_EQ(judge_host_name("node7", true).verdict, Verdict::ok);
  const Finding finding = judge_host_name("node7", false);
  EXPECT_EQ(finding.verdict, Verdict::warn);
  EXPECT_THAT(finding.found, HasSubstr("node7 does not resolve"));
  EXPECT_THAT(finding.advice, HasSubstr("/etc/hosts"));
}

TEST(Doctor, GpusThatThisProgramCannotUseAreAWarning) {
  EXPECT_EQ(judge_gpus(0, std::nullopt).verdict, Verdict::ok);
  EXPECT_EQ(judge_gpus(8, 8).verdict, Verdict::ok);
  EXPECT_THAT(judge_gpus(8, std::nullopt).advice, HasSubstr("switchyard_cuda"));
  EXPECT_THAT(judge_gpus(8, 4).advice, HasSubstr("CUDA finds 4"));
}

TEST(Doctor, LimitsThatAreTooLowOrTooHigh) {
  EXPECT_EQ(judge_open_files(1024).verdict, Verdict::warn);
  EXPECT_EQ(judge_open_files(std::nullopt).verdict, Verdict::ok);
  EXPECT_EQ(judge_core_dumps(std::nullopt).verdict, Verdict::warn);
  EXPECT_EQ(judge_core_dumps(0).verdict, Verdict::ok);
}

TEST(Doctor, HugePagesAreReadFromTheKernelsWords) {
  EXPECT_EQ(judge_huge_pages("always [madvise] never").verdict, Verdict::ok);
  EXPECT_EQ(judge_huge_pages("always madvise [never]").verdict, Verdict::warn);
  EXPECT_EQ(judge_huge_pages("").verdict, Verdict::warn);
  EXPECT_EQ(judge_shared_huge_pages("always within_size [advise] never deny").verdict, Verdict::ok);
  EXPECT_EQ(judge_shared_huge_pages("always within_size advise [never] deny").verdict,
            Verdict::warn);
}

TEST(Doctor, RefusedMemoryAttachNamesTheSetting) {
  EXPECT_EQ(judge_memory_attach(0).verdict, Verdict::ok);
  EXPECT_THAT(judge_memory_attach(EPERM).advice, HasSubstr("single_copy_mechanism=none"));
}

TEST(Doctor, FileSystemsThatForgetAreWarnedOf) {
  EXPECT_EQ(judge_file_system(0xEF53, "/a").verdict, Verdict::ok);
  EXPECT_EQ(judge_file_system(0x01021994, "/a").verdict, Verdict::warn);
  EXPECT_EQ(judge_file_system(0x1234567, "/a").verdict, Verdict::warn);
  EXPECT_EQ(judge_space(gib).verdict, Verdict::warn);
  EXPECT_EQ(judge_lock(false).verdict, Verdict::warn);
}

TEST(Doctor, TriesTheFolderAboveARunThatIsNotThereAndLeavesNothing) {
  const Scratch scratch;
  for (const Finding& finding : check_storage(scratch / "not" / "yet")) {
    EXPECT_NE(finding.verdict, Verdict::fail) << finding_text(finding);
  }
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

TEST(Doctor, ExitCodeIsOfTheWorstFinding) {
  const Finding ok{}, warn{Verdict::warn, "a", "b", "c"}, fail{Verdict::fail, "a", "b", "c"};
  EXPECT_EQ(exit_code_of({ok, warn}), 0);
  EXPECT_EQ(exit_code_of({ok, fail, ok}), 2);
  EXPECT_EQ(finding_text(warn), "warn  a                b\n                       c\n");
}

}  // namespace findings_test
}  // namespace switchyard::doctor
