#include "launch/submit/batch_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace switchyard {
namespace batch_script_test {

using testing::HasSubstr;
using testing::Not;

BatchRequest request() {
  return {.nodes = 4,
          .ranks_per_node = 2,
          .cpus_per_rank = 16,
          .gpus_per_node = 0,
          .time = "12:00:00",
          .warning_seconds = 90,
          .name = "first",
          .program = "/opt/switchyard",
          .run = "/shared/runs/first",
          .folder = "/home/me"};
}

TEST(BatchScript, AsksForWhatWasRequested) {
  const std::string script = batch_script(request(), {});
  for (const char* line :
       {"#SBATCH --nodes=4\n", "#SBATCH --ntasks-per-node=2\n", "#SBATCH --cpus-per-task=16\n",
        "#SBATCH --time=12:00:00\n", "#SBATCH --signal=B:USR1@90", "#SBATCH --job-name=first\n",
        "#SBATCH --output=/shared/runs/first/submit/%j.log\n"}) {
    EXPECT_THAT(script, HasSubstr(line));
  }
  EXPECT_THAT(script, Not(HasSubstr("gpu")));
  EXPECT_THAT(script, Not(HasSubstr("partition")));
}

TEST(BatchScript, SiteSettingsGoIn) {
  const std::string script = batch_script(request(), {.partition = "long",
                                                      .account = "physics",
                                                      .options = "--qos=high --exclusive",
                                                      .setup = "module load openmpi\nexport A=1",
                                                      .memory_per_node = "64GiB",
                                                      .memory_per_gpu = "80GiB"});
  for (const char* line :
       {"#SBATCH --partition=long\n", "#SBATCH --account=physics\n", "#SBATCH --qos=high\n",
        "#SBATCH --exclusive\n", "#SBATCH --mem=65536M\n", "\nmodule load openmpi\nexport A=1\n"}) {
    EXPECT_THAT(script, HasSubstr(line));
  }
}

// Ranks choose their GPU by local rank: a binding by Slurm can break CUDA IPC.
TEST(BatchScript, GpusAreAskedForByNodeAndNotBound) {
  BatchRequest with_gpus = request();
  with_gpus.gpus_per_node = 2;
  const std::string script = batch_script(with_gpus, {});
  EXPECT_THAT(script, HasSubstr("#SBATCH --gpus-per-node=2\n"));
  EXPECT_THAT(script, HasSubstr("--gpu-bind=none"));
}

TEST(BatchScript, PathsAreQuotedForBash) {
  BatchRequest odd = request();
  odd.run = "/shared/it's mine";
  EXPECT_THAT(batch_script(odd, {}), HasSubstr("run='/shared/it'\\''s mine'\n"));
}

TEST(BatchScript, DirectivesAreQuotedForSbatch) {
  BatchRequest odd = request();
  odd.name = "my run";
  odd.run = "/shared/my run/50%";
  const std::string script = batch_script(odd, {});
  EXPECT_THAT(script, HasSubstr("#SBATCH --job-name='my run'\n"));
  EXPECT_THAT(script, HasSubstr("#SBATCH --output='/shared/my run/50%%/submit/%j.log'\n"));
}

TEST(BatchScript, ArrayHasATaskForEachRun) {
  SlurmConfig site;
  site.partition = "long";
  const std::string script = array_script(request(), site, 12);
  for (const char* line :
       {"#SBATCH --array=0-11\n", "#SBATCH --nodes=4\n", "#SBATCH --partition=long\n",
        "#SBATCH --output=/shared/runs/first/logs/%A_%a.log\n", "sweep=/shared/runs/first\n",
        "cd /home/me || exit 2\n"}) {
    EXPECT_THAT(script, HasSubstr(line));
  }
}

}  // namespace batch_script_test
}  // namespace switchyard
