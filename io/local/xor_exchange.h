// XorExchange: sends pieces of files between ranks and joins by XOR what arrives. That makes
// parity, and makes lost files again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/comm/comm.h"
#include "runtime/params/ownership.h"

namespace switchyard {

// Bytes of a file on the disk of rank `from`.
struct XorSource {
  int from = 0;
  std::string file;
  ElementRange range;
};

// The next bytes of a file that rank `to` makes: as many as the longest source has; zeros follow
// the shorter ones.
struct XorTarget {
  int to = 0;
  std::string file;
  std::vector<XorSource> sources;
};

void xor_into(std::span<std::byte> out, std::span<const std::byte> in);

// One round of pieces at a time: pack, start, wait until they arrived, unpack. Only start() and
// arrived() call MPI, so the others may run on a thread behind the training.
class XorExchange {
 public:
  // folder: holds this rank's files. The caller keeps comm.
  XorExchange(std::filesystem::path folder, Comm& comm);
  // Waits for pieces under way; the other ranks are in a collective, which keeps these moving.
  ~XorExchange();
  XorExchange(const XorExchange&) = delete;
  XorExchange& operator=(const XorExchange&) = delete;

  // Reads what this rank sends. All ranks pass the same targets, in one order, but may leave out
  // those in which they have no part. Errors: Exit::data for a file that ends before its range.
  void pack(std::vector<XorTarget> targets);
  void start();  // Collective.
  bool arrived();
  // Calls write for each target of this rank, in order.
  void unpack(const std::function<void(const XorTarget&, std::span<const std::byte>)>& write);

 private:
  void keep_own();

  std::filesystem::path folder_;
  Comm& comm_;
  std::vector<XorTarget> targets_;
  std::vector<std::byte> out_, in_;
  std::vector<std::int64_t> send_, receive_;  // [ranks] bytes
  std::unique_ptr<PendingRows> pending_;
};

}  // namespace switchyard
