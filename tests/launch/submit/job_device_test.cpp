#include "launch/submit/job_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard {
namespace job_device_test {

using testing::HasSubstr;

BatchRequest on(int nodes, int gpus, int ranks_per_node = 0) {
  BatchRequest request;
  request.nodes = nodes;
  request.gpus_per_node = gpus;
  request.ranks_per_node = ranks_per_node;
  return request;
}

// What settle_device says to a request that cannot be meant.
std::string refusal(BatchRequest request, Config config,
                    const std::vector<std::string>& sets = {}) {
  try {
    settle_device(sets, config, request);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    return error.what();
  }
  return "accepted";
}

Config cuda_config() {
  Config config;
  config.run.device = Device::Kind::cuda;
  return config;
}

TEST(JobDevice, GpusSetTheDeviceAndTheRanks) {
  Config config;
  BatchRequest request = on(4, 8);
  settle_device({}, config, request);
  EXPECT_EQ(config.run.device, Device::Kind::cuda);
  EXPECT_EQ(request.ranks_per_node, 8);
  EXPECT_EQ(device_line(config, request), "device cuda, 32 ranks on 32 GPUs");
}

TEST(JobDevice, WithoutGpusANodeHasOneRank) {
  Config config;
  BatchRequest request = on(4, 0);
  settle_device({}, config, request);
  EXPECT_EQ(device_line(config, request), "device cpu, 4 ranks on 4 nodes, 1 core for each rank");
}

TEST(JobDevice, SharedGpusAreSaid) {
  Config config;
  BatchRequest request = on(2, 4, 8);
  settle_device({}, config, request);
  EXPECT_THAT(device_line(config, request), HasSubstr("16 ranks on 8 GPUs: ranks share GPUs"));
}

TEST(JobDevice, IdleGpusAreRefused) {
  EXPECT_THAT(refusal(on(4, 8, 1), {}), HasSubstr("leaves 7 of the 8 GPUs of each node idle"));
}

TEST(JobDevice, TheCommandLineMustNotContradictItself) {
  EXPECT_THAT(refusal(on(1, 8), {}, {"run.device = \"cpu\""}), HasSubstr("contradict"));
}

TEST(JobDevice, CudaNeedsGpusAndGpusNeedCuda) {
  EXPECT_THAT(refusal(on(1, 0), cuda_config()), HasSubstr("add --gpus-per-node"));
  Config config;
  config.slurm.options = "--qos=long --gres=gpu:4";
  EXPECT_THAT(refusal(on(1, 0), config), HasSubstr("run.device = \"cpu\" would leave them idle"));
  config.run.device = Device::Kind::cuda;
  EXPECT_EQ(refusal(on(1, 0), config), "accepted");
}

TEST(JobDevice, AnExchangeThatGpusDoNotHaveIsRefused) {
  Config config;
  config.router.exchange = ExchangeKind::shared_memory;
  EXPECT_THAT(refusal(on(1, 2), config), HasSubstr("router.exchange"));
}

TEST(JobDevice, OptionsThatAskForGpus) {
  for (const char* options : {"--gres=gpu:a100:4", "--gpus-per-task=1", "--gpus 8", "-G 2",
                              "--gres gpu", "--exclusive --gres=gpu"})
    EXPECT_TRUE(asks_for_gpus(options)) << options;
  for (const char* options : {"", "--qos=gpuless", "--exclusive", "--constraint=nogpu"})
    EXPECT_FALSE(asks_for_gpus(options)) << options;
}

}  // namespace job_device_test
}  // namespace switchyard
