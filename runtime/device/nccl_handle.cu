#include "runtime/device/nccl_handle.h"

#include <algorithm>
#include <thread>
#include <vector>

namespace switchyard {
namespace {

// Only the thread that computes uses these.
std::vector<NcclHandle*>& live_handles() {
  static std::vector<NcclHandle*> handles;
  return handles;
}

}  // namespace

void check_nccl(ncclResult_t result, std::source_location where) {
  if (result == ncclSuccess || result == ncclInProgress) return;
  NcclHandle::abort_all();
  fail(Exit::peer, "NCCL failed in {}: {}", where.function_name(), ncclGetErrorString(result));
}

void check_peers() {
  for (const NcclHandle* handle : live_handles()) {
    ncclResult_t state = ncclSuccess;
    check_nccl(ncclCommGetAsyncError(*handle, &state));
    check_nccl(state);
  }
}

NcclHandle::NcclHandle(int size, const ncclUniqueId& id, int rank) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  live_handles().push_back(this);
  try {
    check_nccl(ncclCommInitRankConfig(&comm_, size, id, rank, &config));
    settle();
  } catch (...) {  // check_nccl has aborted all
    std::erase(live_handles(), this);
    throw;
  }
}

NcclHandle::~NcclHandle() {
  std::erase(live_handles(), this);
  if (comm_ != nullptr) ncclCommAbort(comm_);
}

void NcclHandle::settle() const {
  ncclResult_t state = ncclInProgress;
  while (true) {
    check_nccl(ncclCommGetAsyncError(comm_, &state));
    if (state != ncclInProgress) break;
    std::this_thread::yield();
  }
  check_nccl(state);
}

// Aborts them in one group, so that all have stopped before the first is freed: freeing waits for
// the device.
void NcclHandle::abort_all() {
  ncclGroupStart();
  for (NcclHandle* handle : live_handles()) {
    if (handle->comm_ != nullptr) ncclCommAbort(handle->comm_);
    handle->comm_ = nullptr;
  }
  ncclGroupEnd();
}

}  // namespace switchyard
