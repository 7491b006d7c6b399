"""What names tell of the parts that they are given to."""

import pytest

from ckptgui.core.checkpoint import Role
from ckptgui.core.training.roles import is_scaler_state, is_scheduler_state, role_by_name

NAMES = {
    Role.OPTIMIZER: "optimizer optimizer_state_dict optim_g opt opt_d optG opt2 optimizers last_optimizer_state",
    Role.SCHEDULER: "scheduler lr_scheduler opt_param_scheduler lr_sched param_schedulers optimizer_scheduler",
    Role.SCALER: "scaler grad_scaler amp_scaler GradScaler",
    Role.RNG: "rng_state cuda_rng_state_all random_states_0.pkl np_random_state rng_state.pth torch_manual_seed",
    Role.EMA: "ema model_ema state_dict_ema ema_state_dict G_ema swa_model averaged_model modelEMA netEma",
    Role.MODEL: "model model_state_dict state_dict net netG net_d q_network models student params module",
    None: "epoch schema cinema hyper_parameters adopted options args callbacks emails class_weights model_args",
}


@pytest.mark.parametrize("role", NAMES)
def test_a_name_tells_its_role(role):
    assert {name: role_by_name(name) for name in NAMES[role].split()} == dict.fromkeys(NAMES[role].split(), role)


def test_states_are_known_by_their_keys():
    assert is_scaler_state({"scale": 1.0, "growth_factor": 2.0, "backoff_factor": 0.5, "more": 1})
    assert not is_scaler_state({"scale": 1.0}) and not is_scaler_state([])
    assert is_scheduler_state({"last_epoch": 1, "_last_lr": [0.1]})
    assert not is_scheduler_state({"last_epoch": 1}) and not is_scheduler_state(None)
