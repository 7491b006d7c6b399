"""Archives that hold code beside weights: TorchScript, torch.export, torch.package."""
