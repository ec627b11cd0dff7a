"""The way in, and who works here."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from bots import account, views

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("join/<str:key>/", views.join, name="join"),
    path("account/", account.account, name="account"),
    path("account/password/", account.change_password, name="change_password"),
    path("new-password/<uidb64>/<token>/", account.NewPassword.as_view(), name="new_password"),
    path("account/sign-out-everywhere/", account.sign_out_everywhere, name="sign_out_everywhere"),
    path("account/second-factor/", account.begin_second_factor, name="begin_second_factor"),
    path("account/second-factor/confirm/", account.confirm_second_factor, name="confirm_second_factor"),
    path("account/second-factor/recovery-codes/", account.new_recovery_codes, name="new_recovery_codes"),
    path("account/second-factor/off/", account.end_second_factor, name="end_second_factor"),
    path("team/", views.team, name="team"),
    path("team/invite/", views.invite_staff, name="invite_staff"),
    path("team/invitations/<uuid:code>/withdraw/", views.withdraw_invitation, name="withdraw_invitation"),
    path("team/<uuid:code>/role/", views.change_role, name="change_role"),
    path("team/<uuid:code>/password-link/", views.password_link, name="password_link"),
    path("team/<uuid:code>/remove/", views.remove_staff, name="remove_staff"),
    path("restaurant/", views.switch, name="switch_restaurant"),
]
